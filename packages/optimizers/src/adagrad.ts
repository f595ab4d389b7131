/**
 * Adagrad (Duchi, Hazan and Singer 2011), as in PyTorch:
 *   g += weightDecay p;  s += g^2;  p -= learningRate / (1 + (t - 1) lrDecay) * g / (sqrt(s) + epsilon).
 */
import { add, divide, multiply, sqrt, square, subtract } from "@sconce/core";
import { checkAtLeast0 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface AdagradOptions {
  /** 0.01 by default. */
  readonly learningRate?: number;
  /** How much each update adds to the divisor of the learning rate; 0 by default. */
  readonly lrDecay?: number;
  /** Times the parameter, added to its gradient; 0 by default. */
  readonly weightDecay?: number;
  /** What the sum of squared gradients starts from; 0 by default. */
  readonly initialAccumulatorValue?: number;
  /** Added to the root of the sum of squared gradients; 1e-10 by default. */
  readonly epsilon?: number;
}

type Settings = Required<AdagradOptions>;

const rule: UpdateRule<Settings> = {
  name: "adagrad",
  check({ lrDecay, weightDecay, initialAccumulatorValue, epsilon }: Settings): void {
    checkAtLeast0("adagrad", "lrDecay", lrDecay);
    checkAtLeast0("adagrad", "weightDecay", weightDecay);
    checkAtLeast0("adagrad", "initialAccumulatorValue", initialAccumulatorValue);
    checkAtLeast0("adagrad", "epsilon", epsilon);
  },
  state: ({ initialAccumulatorValue }) => ({ sum: initialAccumulatorValue }),
  shared: (counts, learningRate, { lrDecay }) => ({
    values: [divide(learningRate, add(multiply(subtract(counts, 1), lrDecay), 1))],
  }),
  apply({ value, gradient, state, shared: [stepSize], options }: ParameterUpdate<Settings>): ParameterResult {
    const slope = withDecay(gradient, value, options.weightDecay);
    const total = add(state.sum, square(slope));
    const scaled = divide(slope, add(sqrt(total), options.epsilon));
    return { value: subtract(value, multiply(scaled, stepSize)), state: { sum: total } };
  },
};

/** Adagrad; see `adagrad`. */
export class Adagrad extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: AdagradOptions = {}) {
    const { learningRate = 0.01, lrDecay = 0, weightDecay = 0, initialAccumulatorValue = 0, epsilon = 1e-10 } = options;
    super(parameters, { learningRate, lrDecay, weightDecay, initialAccumulatorValue, epsilon }, rule);
  }
}

/** Adagrad: each element's steps shrink with all the gradients it has had, which suits sparse gradients. */
export function adagrad(parameters: ParameterList<Settings>, options: AdagradOptions = {}): Adagrad {
  return new Adagrad(parameters, options);
}
