/**
 * Adadelta (Zeiler 2012), as in PyTorch:
 *   g += weightDecay p;  v = rho v + (1 - rho) g^2;  d = sqrt(u + epsilon) / sqrt(v + epsilon) * g;
 *   u = rho u + (1 - rho) d^2;  p -= learningRate d.
 */
import { add, divide, multiply, sqrt, subtract } from "@sconce/core";
import { checkAtLeast0, checkBelow1 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { meanOfSquares, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface AdadeltaOptions {
  /** 1 by default. */
  readonly learningRate?: number;
  /** How much of the mean squares each update keeps; 0.9 by default. */
  readonly rho?: number;
  /** Added to mean squares before their roots; 1e-6 by default. */
  readonly epsilon?: number;
  /** Times the parameter, added to its gradient; 0 by default. */
  readonly weightDecay?: number;
}

type Settings = Required<AdadeltaOptions>;

const rule: UpdateRule<Settings> = {
  name: "adadelta",
  check({ rho, epsilon, weightDecay }: Settings): void {
    checkBelow1("adadelta", "rho", rho);
    checkAtLeast0("adadelta", "epsilon", epsilon);
    checkAtLeast0("adadelta", "weightDecay", weightDecay);
  },
  state: () => ({ square_avg: 0, acc_delta: 0 }),
  apply({ value, gradient, state, learningRate, options }: ParameterUpdate<Settings>): ParameterResult {
    const { rho, epsilon, weightDecay } = options;
    const slope = withDecay(gradient, value, weightDecay);
    const squares = meanOfSquares(state.square_avg, slope, rho);
    const ratio = divide(sqrt(add(state.acc_delta, epsilon)), sqrt(add(squares, epsilon)));
    const change = multiply(ratio, slope);
    return {
      value: subtract(value, multiply(change, learningRate)),
      state: { square_avg: squares, acc_delta: meanOfSquares(state.acc_delta, change, rho) },
    };
  },
};

/** Adadelta; see `adadelta`. */
export class Adadelta extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: AdadeltaOptions = {}) {
    const { learningRate = 1, rho = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
    super(parameters, { learningRate, rho, epsilon, weightDecay }, rule);
  }
}

/** Adadelta: steps as large as the recent steps were, relative to the recent gradients; the learning rate is a factor. */
export function adadelta(parameters: ParameterList<Settings>, options: AdadeltaOptions = {}): Adadelta {
  return new Adadelta(parameters, options);
}
