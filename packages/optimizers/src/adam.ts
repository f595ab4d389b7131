/**
 * Adam (Kingma and Ba 2015), as in PyTorch:
 *   g += weightDecay p;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *   p -= learningRate / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
 * With `amsgrad` (Reddi et al. 2018) the largest v so far takes the place of v in the divisor.
 * AdamW (Loshchilov and Hutter 2019) has p -= learningRate weightDecay p instead of the addition to the gradient.
 */
import { add, divide, maximum, multiply, sqrt, subtract } from "@sconce/core";
import type { ParameterList } from "./groups.ts";
import { checkMoments, correction, decayed, type MomentOptions, meanOf, meanOfSquares, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface AdamOptions extends MomentOptions {
  /** 1e-3 by default. */
  readonly learningRate?: number;
  /** Divides by the largest mean squared gradient so far; false by default. */
  readonly amsgrad?: boolean;
}

export interface AdamWOptions extends AdamOptions {
  /** Times the learning rate, the part of the parameter that each update takes away; 0.01 by default. */
  readonly weightDecay?: number;
}

type Settings = Required<AdamOptions>;

const makeRule = (name: string, decoupled: boolean): UpdateRule<Settings> => ({
  name,
  check: (options) => checkMoments(name, options),
  state: ({ amsgrad }) => ({ exp_avg: 0, exp_avg_sq: 0, ...(amsgrad && { max_exp_avg_sq: 0 }) }),
  shared: (counts, learningRate, { beta1, beta2 }) => ({
    values: [divide(learningRate, correction(counts, beta1)), sqrt(correction(counts, beta2))],
  }),
  apply(update: ParameterUpdate<Settings>): ParameterResult {
    const { value, gradient, state, learningRate, options } = update;
    const [stepSize, rootCorrection] = update.shared;
    const { beta1, beta2, epsilon, weightDecay, amsgrad } = options;
    const start = decoupled ? decayed(value, learningRate, weightDecay) : value;
    const slope = decoupled ? gradient : withDecay(gradient, value, weightDecay);
    const first = meanOf(state.exp_avg, slope, beta1);
    const second = meanOfSquares(state.exp_avg_sq, slope, beta2);
    const largest = amsgrad ? maximum(state.max_exp_avg_sq, second) : second;
    const deviation = add(divide(sqrt(largest), rootCorrection), epsilon);
    return {
      value: subtract(start, multiply(divide(first, deviation), stepSize)),
      state: { exp_avg: first, exp_avg_sq: second, ...(amsgrad && { max_exp_avg_sq: largest }) },
    };
  },
});

const adamRule: UpdateRule<Settings> = /* @__PURE__ */ makeRule("adam", false);
const adamWRule: UpdateRule<Settings> = /* @__PURE__ */ makeRule("adamW", true);

const settingsOf = (options: AdamOptions, decay: number): Settings => {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, amsgrad = false } = options;
  return { learningRate, beta1, beta2, epsilon, weightDecay: options.weightDecay ?? decay, amsgrad };
};

/** Adam; see `adam`. */
export class Adam extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: AdamOptions = {}) {
    super(parameters, settingsOf(options, 0), adamRule);
  }
}

/** Adam with decoupled weight decay; see `adamW`. */
export class AdamW extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: AdamWOptions = {}) {
    super(parameters, settingsOf(options, 1e-2), adamWRule);
  }
}

/** Adam: steps of the learning rate's size, along the mean gradient relative to its usual magnitude. */
export function adam(parameters: ParameterList<Settings>, options: AdamOptions = {}): Adam {
  return new Adam(parameters, options);
}

/** Adam whose weight decay is apart from the gradient, so that it is not divided by the gradient's magnitude. */
export function adamW(parameters: ParameterList<Settings>, options: AdamWOptions = {}): AdamW {
  return new AdamW(parameters, options);
}
