/**
 * NAdam, Adam with Nesterov's momentum (Dozat 2016), as in PyTorch:
 *   g += weightDecay p;  m and v as in Adam;  mu(t) = beta1 (1 - 0.96^(t momentumDecay) / 2);  M = mu(1) ... mu(t);
 *   d = sqrt(v / (1 - beta2^t)) + epsilon;
 *   p -= learningRate ((1 - mu(t)) / (1 - M) * g + mu(t + 1) / (1 - M mu(t + 1)) * m) / d.
 */
import { add, divide, exp, multiply, sqrt, subtract, type Tensor } from "@sconce/core";
import { checkAtLeast0 } from "./check.ts";
import type { ParameterList } from "./groups.ts";
import { checkMoments, correction, decayed, type MomentOptions, meanOf, meanOfSquares, withDecay } from "./moments.ts";
import { Optimizer, type ParameterResult, type ParameterUpdate, type UpdateRule } from "./optimizer.ts";

export interface NAdamOptions extends MomentOptions {
  /** 2e-3 by default. */
  readonly learningRate?: number;
  /** How fast the momentum grows to beta1; 4e-3 by default. */
  readonly momentumDecay?: number;
  /** Decays weights apart from the gradient, as AdamW does; false by default. */
  readonly decoupledWeightDecay?: boolean;
}

type Settings = Required<NAdamOptions>;

/** The momentum of the t-th update. */
function momentumAt(count: Tensor, { beta1, momentumDecay }: Settings): Tensor {
  return multiply(subtract(1, multiply(exp(multiply(count, momentumDecay * Math.log(0.96))), 0.5)), beta1);
}

const rule: UpdateRule<Settings> = {
  name: "nadam",
  check(options: Settings): void {
    checkMoments("nadam", options);
    checkAtLeast0("nadam", "momentumDecay", options.momentumDecay);
  },
  state: () => ({ exp_avg: 0, exp_avg_sq: 0 }),
  counters: { mu_product: 1 },
  shared(counts, learningRate, options, counters) {
    const [now, next] = [momentumAt(counts, options), momentumAt(add(counts, 1), options)];
    const product = multiply(counters.mu_product, now);
    return {
      values: [
        divide(multiply(learningRate, subtract(1, now)), subtract(1, product)),
        divide(multiply(learningRate, next), subtract(1, multiply(product, next))),
        sqrt(correction(counts, options.beta2)),
      ],
      counters: { mu_product: product },
    };
  },
  apply(update: ParameterUpdate<Settings>): ParameterResult {
    const { value, gradient, state, learningRate, options } = update;
    const [gradientRate, meanRate, rootCorrection] = update.shared;
    const { beta1, beta2, epsilon, weightDecay, decoupledWeightDecay } = options;
    const start = decoupledWeightDecay ? decayed(value, learningRate, weightDecay) : value;
    const slope = decoupledWeightDecay ? gradient : withDecay(gradient, value, weightDecay);
    const first = meanOf(state.exp_avg, slope, beta1);
    const second = meanOfSquares(state.exp_avg_sq, slope, beta2);
    const deviation = add(divide(sqrt(second), rootCorrection), epsilon);
    const direction = add(multiply(slope, gradientRate), multiply(first, meanRate));
    return { value: subtract(start, divide(direction, deviation)), state: { exp_avg: first, exp_avg_sq: second } };
  },
};

/** NAdam; see `nadam`. */
export class NAdam extends Optimizer<Settings> {
  constructor(parameters: ParameterList<Settings>, options: NAdamOptions = {}) {
    const { learningRate = 2e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    const { momentumDecay = 4e-3, decoupledWeightDecay = false } = options;
    const settings = { learningRate, beta1, beta2, epsilon, weightDecay, momentumDecay, decoupledWeightDecay };
    super(parameters, settings, rule);
  }
}

/** NAdam: Adam that looks ahead along its mean gradient, with a momentum that grows to beta1. */
export function nadam(parameters: ParameterList<Settings>, options: NAdamOptions = {}): NAdam {
  return new NAdam(parameters, options);
}
