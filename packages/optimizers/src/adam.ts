/**
 * Adam (Kingma and Ba 2015), as in PyTorch:
 *   g += weightDecay p;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *   p -= learningRate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
 */
import { add, divide, expm1, multiply, negate, onesLike, sqrt, square, subtract, type Tensor } from "@sconce/core";
import { checkAtLeast0, checkBelow1 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface AdamOptions {
  /** 1e-3 by default. */
  readonly learningRate?: number;
  /** How much of the mean gradient each update keeps; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the mean squared gradient each update keeps; 0.999 by default. */
  readonly beta2?: number;
  /** Added to the root of the mean squared gradient; 1e-8 by default. */
  readonly epsilon?: number;
  /** Times the parameter, added to its gradient; 0 by default. */
  readonly weightDecay?: number;
}

type Settings = Required<AdamOptions>;

/** 1 - beta^t without cancellation: what weights that start from zero lack to a sum of 1. */
function correction(counts: Tensor, beta: number): Tensor {
  return beta === 0 ? onesLike(counts) : negate(expm1(multiply(counts, Math.log(beta))));
}

const rule: UpdateRule<Settings> = {
  name: "adam",
  check({ beta1, beta2, epsilon, weightDecay }: Settings): void {
    checkBelow1("adam", "beta1", beta1);
    checkBelow1("adam", "beta2", beta2);
    checkAtLeast0("adam", "epsilon", epsilon);
    checkAtLeast0("adam", "weightDecay", weightDecay);
  },
  state: () => ["exp_avg", "exp_avg_sq"],
  shared: (counts, learningRate, { beta1, beta2 }) => [
    divide(learningRate, correction(counts, beta1)),
    sqrt(correction(counts, beta2)),
  ],
  apply({
    value,
    gradient,
    state,
    shared: [stepSize, rootCorrection],
    options,
  }: ParameterUpdate<Settings>): ParameterResult {
    const { beta1, beta2, epsilon, weightDecay } = options;
    const slope = weightDecay === 0 ? gradient : add(gradient, multiply(value, weightDecay));
    const first = add(state.exp_avg, multiply(subtract(slope, state.exp_avg), 1 - beta1));
    const second = add(multiply(state.exp_avg_sq, beta2), multiply(square(slope), 1 - beta2));
    const deviation = add(divide(sqrt(second), rootCorrection), epsilon);
    return {
      value: subtract(value, multiply(divide(first, deviation), stepSize)),
      state: { exp_avg: first, exp_avg_sq: second },
    };
  },
};

/** Adam; see `adam`. */
export class Adam extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: AdamOptions = {}) {
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    super(parameters, { learningRate, beta1, beta2, epsilon, weightDecay }, rule);
  }
}

/** Adam: steps of the learning rate's size, along the mean gradient relative to its usual magnitude. */
export function adam(parameters: ParameterList<Settings>, options: AdamOptions = {}): Adam {
  return new Adam(parameters, options);
}
