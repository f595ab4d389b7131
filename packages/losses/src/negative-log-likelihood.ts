/** The negative log-likelihood of class labels: -w[y] log p[y], for log-probabilities as `logSoftmax` gives them. */
import { divide, multiply, negate, sum, type Tensor, where } from "@sconce/core";
import { checkLabels, checkWeights } from "./check.ts";
import { atLabels } from "./labels.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface NegativeLogLikelihoodOptions {
  /** `mean` by default: the sum divided by the weights of the labels that count. */
  readonly reduction?: Reduction;
  /** A weight per class: [C]. */
  readonly weights?: Tensor;
  /** Elements with this label do not count; -100 by default. */
  readonly ignoreIndex?: number;
}

/**
 * The loss of `logProbabilities` [N, C, ...] at `labels` [N, ...] of an integer type, from 0 to C - 1: a scalar, or
 * [N, ...] without reduction. A label out of range gives NaN. For logits, `crossEntropy` does both steps.
 */
export function negativeLogLikelihood(
  logProbabilities: Tensor,
  labels: Tensor,
  options: NegativeLogLikelihoodOptions = {},
): Tensor {
  const { reduction = "mean", weights } = options;
  checkReduction("negativeLogLikelihood", reduction);
  checkLabels("negativeLogLikelihood", "logProbabilities", logProbabilities, labels);
  checkWeights("negativeLogLikelihood", weights, logProbabilities.shape[1]);
  const { chosen, share, counts } = atLabels(logProbabilities, labels, options);
  const losses = where(counts, negate(multiply(share, chosen)), 0);
  return reduction === "mean" ? divide(sum(losses), sum(share)) : reduce(losses, reduction);
}
