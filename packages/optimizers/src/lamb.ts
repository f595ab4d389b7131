/**
 * LAMB (You et al. 2020, algorithm 2, with the identity as phi):
 *   m and v as in Adam;  r = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + weightDecay p;
 *   p -= learningRate * |p| / |r| * r,  where |.| is the norm of the whole tensor, and the quotient is 1 if either is 0.
 */
import { add, divide, equal, logicalOr, multiply, sqrt, square, subtract, sum, where } from "@sconce/core";
import type { ParameterList } from "./groups.ts";
import { checkMoments, correction, type MomentOptions, meanOf, meanOfSquares, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface LAMBOptions extends MomentOptions {
  /** 1e-3 by default. */
  readonly learningRate?: number;
  /** Added to the root of the mean squared gradient; 1e-6 by default. */
  readonly epsilon?: number;
  /** Times the parameter, added to its direction; 0 by default. */
  readonly weightDecay?: number;
}

type Settings = Required<LAMBOptions>;

const rule: UpdateRule<Settings> = {
  name: "lamb",
  check: (options) => checkMoments("lamb", options),
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
  shared: (counts, _learningRate, { beta1, beta2 }) => ({
    values: [correction(counts, beta1), sqrt(correction(counts, beta2))],
  }),
  apply(update: ParameterUpdate<Settings>): ParameterResult {
    const { value, gradient, state, learningRate, options } = update;
    const [meanCorrection, rootCorrection] = update.shared;
    const { beta1, beta2, epsilon, weightDecay } = options;
    const first = meanOf(state.exp_avg, gradient, beta1);
    const second = meanOfSquares(state.exp_avg_sq, gradient, beta2);
    const relative = divide(divide(first, meanCorrection), add(divide(sqrt(second), rootCorrection), epsilon));
    const direction = withDecay(relative, value, weightDecay);
    const [size, length] = [sqrt(sum(square(value))), sqrt(sum(square(direction)))];
    const isUndecided = logicalOr(equal(size, 0), equal(length, 0));
    const trust = where(isUndecided, 1, divide(size, where(isUndecided, 1, length)));
    return {
      value: subtract(value, multiply(direction, multiply(trust, learningRate))),
      state: { exp_avg: first, exp_avg_sq: second },
    };
  },
};

/** LAMB; see `lamb`. */
export class LAMB extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: LAMBOptions = {}) {
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, weightDecay = 0 } = options;
    super(parameters, { learningRate, beta1, beta2, epsilon, weightDecay }, rule);
  }
}

/** LAMB: Adam whose steps are relative to the size of each weight tensor, for very large batches. */
export function lamb(parameters: ParameterList<Settings>, options: LAMBOptions = {}): LAMB {
  return new LAMB(parameters, options);
}
