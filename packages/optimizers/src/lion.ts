/**
 * Lion, evolved sign momentum (Chen et al. 2023, algorithm 2):
 *   u = sign(beta1 m + (1 - beta1) g);  p -= learningRate (u + weightDecay p);  m = beta2 m + (1 - beta2) g.
 */
import { multiply, sign, subtract } from "@sconce/core";
import { checkAtLeast0, checkBelow1 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { meanOf, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface LionOptions {
  /** 1e-4 by default: three to ten times less than for AdamW. */
  readonly learningRate?: number;
  /** The weight of the mean gradient in the direction of an update; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the mean gradient each update keeps; 0.99 by default. */
  readonly beta2?: number;
  /** Times the learning rate, the part of the parameter that each update takes away; 0 by default. */
  readonly weightDecay?: number;
}

type Settings = Required<LionOptions>;

const rule: UpdateRule<Settings> = {
  name: "lion",
  check({ beta1, beta2, weightDecay }: Settings): void {
    checkBelow1("lion", "beta1", beta1);
    checkBelow1("lion", "beta2", beta2);
    checkAtLeast0("lion", "weightDecay", weightDecay);
  },
  state: () => ({ exp_avg: 0 }),
  apply({ value, gradient, state, learningRate, options }: ParameterUpdate<Settings>): ParameterResult {
    const { beta1, beta2, weightDecay } = options;
    const direction = withDecay(sign(meanOf(state.exp_avg, gradient, beta1)), value, weightDecay);
    return {
      value: subtract(value, multiply(direction, learningRate)),
      state: { exp_avg: meanOf(state.exp_avg, gradient, beta2) },
    };
  },
};

/** Lion; see `lion`. */
export class Lion extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: LionOptions = {}) {
    const { learningRate = 1e-4, beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
    super(parameters, { learningRate, beta1, beta2, weightDecay }, rule);
  }
}

/** Lion: every element moves by exactly the learning rate; one state per parameter. */
export function lion(parameters: ParameterList<Settings>, options: LionOptions = {}): Lion {
  return new Lion(parameters, options);
}
