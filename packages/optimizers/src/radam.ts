/**
 * RAdam, rectified Adam (Liu et al. 2020), as in PyTorch:
 *   g += weightDecay p;  m and v as in Adam;  r = rho(t), the number of gradients that v rests on, at most R = rho(inf);
 *   p -= learningRate / (1 - beta1^t) * m * (sqrt((r-4) (r-2) R / ((R-4) r)) sqrt(1 - beta2^t) / (sqrt(v) + epsilon)
 *                                            if r > 5, else 1).
 *
 * rho(t) = R - 2 t beta2^t / (1 - beta2^t) is a small difference of large numbers. With x = -t log(beta2) the quotient is
 * t / (e^x - 1), and for small x its series leaves R - 2 t / x, which does not depend on t and is computed in float64.
 */
import { add, divide, expm1, greater, less, maximum, multiply, sqrt, subtract, type Tensor, where } from "@sconce/core";
import type { ParameterList } from "./groups.ts";
import { checkMoments, correction, decayed, type MomentOptions, meanOf, meanOfSquares, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface RAdamOptions extends MomentOptions {
  /** 1e-3 by default. */
  readonly learningRate?: number;
  /** Decays weights apart from the gradient, as AdamW does; false by default. */
  readonly decoupledWeightDecay?: boolean;
}

type Settings = Required<RAdamOptions>;

/** How many gradients a mean of squares rests on after `counts` updates. */
function lengthOfMean(counts: Tensor, beta: number): Tensor {
  const limit = 2 / (1 - beta) - 1;
  const rate = -Math.log(beta);
  const x = multiply(counts, rate);
  const x2 = multiply(x, x);
  // x / (e^x - 1) = 1 - x/2 + x^2/12 - x^4/720 + x^6/30240 - x^8/1209600 + ..., of which the first two terms are apart.
  const inner = add(multiply(add(multiply(x2, -1 / 1209600), 1 / 30240), x2), -1 / 720);
  const tail = multiply(add(multiply(inner, x2), 1 / 12), x2);
  const series = add(subtract(counts, multiply(tail, 2 / rate)), limit - 2 / rate);
  const direct = subtract(limit, divide(multiply(counts, 2), expm1(maximum(x, 0.5))));
  return where(less(x, 1), series, direct);
}

/** The factor of steps by the mean of squares, and 0 where it rests on too few gradients. */
function rectification(counts: Tensor, beta: number): Tensor {
  const limit = 2 / (1 - beta) - 1;
  if (limit <= 5) return multiply(counts, 0);
  const length = lengthOfMean(counts, beta);
  const safe = maximum(length, 5);
  const ratio = divide(multiply(subtract(safe, 4), subtract(safe, 2)), safe);
  return where(greater(length, 5), sqrt(multiply(ratio, limit / ((limit - 4) * (limit - 2)))), 0);
}

const rule: UpdateRule<Settings> = {
  name: "radam",
  check: (options) => checkMoments("radam", options),
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
  shared(counts, learningRate, { beta1, beta2 }) {
    const factor = rectification(counts, beta2);
    const stepSize = divide(learningRate, correction(counts, beta1));
    return { values: [stepSize, multiply(factor, sqrt(correction(counts, beta2))), greater(factor, 0)] };
  },
  apply(update: ParameterUpdate<Settings>): ParameterResult {
    const { value, gradient, state, learningRate, options } = update;
    const [stepSize, rectified, isRectified] = update.shared;
    const { beta1, beta2, epsilon, weightDecay, decoupledWeightDecay } = options;
    const start = decoupledWeightDecay ? decayed(value, learningRate, weightDecay) : value;
    const slope = decoupledWeightDecay ? gradient : withDecay(gradient, value, weightDecay);
    const first = meanOf(state.exp_avg, slope, beta1);
    const second = meanOfSquares(state.exp_avg_sq, slope, beta2);
    const scale = where(isRectified, divide(rectified, add(sqrt(second), epsilon)), 1);
    return {
      value: subtract(start, multiply(multiply(first, scale), stepSize)),
      state: { exp_avg: first, exp_avg_sq: second },
    };
  },
};

/** RAdam; see `radam`. */
export class RAdam extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: RAdamOptions = {}) {
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    const { decoupledWeightDecay = false } = options;
    super(parameters, { learningRate, beta1, beta2, epsilon, weightDecay, decoupledWeightDecay }, rule);
  }
}

/** RAdam: Adam that begins as momentum, until it has seen enough gradients to know their magnitude. */
export function radam(parameters: ParameterList<Settings>, options: RAdamOptions = {}): RAdam {
  return new RAdam(parameters, options);
}
