/**
 * Adamax (Kingma and Ba 2015, section 7.1), as in PyTorch:
 *   g += weightDecay p;  m = beta1 m + (1 - beta1) g;  u = max(beta2 u, |g| + epsilon);
 *   p -= learningRate / (1 - beta1^t) * m / u.
 */
import { abs, add, divide, maximum, multiply, subtract } from "@sconce/core";
import type { ParameterList } from "./groups.ts";
import { checkMoments, correction, type MomentOptions, meanOf, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface AdamaxOptions extends MomentOptions {
  /** 2e-3 by default. */
  readonly learningRate?: number;
}

type Settings = Required<AdamaxOptions>;

const rule: UpdateRule<Settings> = {
  name: "adamax",
  check: (options) => checkMoments("adamax", options),
  state: () => ({ exp_avg: 0, exp_inf: 0 }),
  shared: (counts, learningRate, { beta1 }) => ({
    values: [divide(learningRate, correction(counts, beta1))],
  }),
  apply({ value, gradient, state, shared: [stepSize], options }: ParameterUpdate<Settings>): ParameterResult {
    const { beta1, beta2, epsilon, weightDecay } = options;
    const slope = withDecay(gradient, value, weightDecay);
    const first = meanOf(state.exp_avg, slope, beta1);
    const largest = maximum(multiply(state.exp_inf, beta2), add(abs(slope), epsilon));
    return {
      value: subtract(value, multiply(divide(first, largest), stepSize)),
      state: { exp_avg: first, exp_inf: largest },
    };
  },
};

/** Adamax; see `adamax`. */
export class Adamax extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: AdamaxOptions = {}) {
    const { learningRate = 2e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    super(parameters, { learningRate, beta1, beta2, epsilon, weightDecay }, rule);
  }
}

/** Adamax: Adam relative to the largest recent gradient instead of the mean squared one. */
export function adamax(parameters: ParameterList<Settings>, options: AdamaxOptions = {}): Adamax {
  return new Adamax(parameters, options);
}
