/**
 * Focal losses (Lin et al. 2017): cross entropy with the factor (1 - p)^gamma, p being the probability of the truth, so
 * that examples which are right already count little.
 */
import {
  add,
  divide,
  exp,
  logSoftmax,
  multiply,
  negate,
  power,
  sigmoid,
  subtract,
  sum,
  type Tensor,
  where,
} from "@sconce/core";
import { binaryCrossEntropyWithLogits } from "./binary-cross-entropy.ts";
import { checkLabels, checkNumber, checkSameShape, checkWeights } from "./check.ts";
import { atLabels } from "./labels.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface SigmoidFocalLossOptions {
  /** `mean` over all elements by default; detectors take `sum` and divide by the number of objects. */
  readonly reduction?: Reduction;
  /** The weight of positive targets, negative ones having 1 - alpha; 0.25 by default, null weighs all alike. */
  readonly alpha?: number | null;
  /** 2 by default; 0 gives cross entropy. */
  readonly gamma?: number;
}

export interface SoftmaxFocalLossOptions {
  /** `mean` by default: the sum divided by the weights of the labels that count. */
  readonly reduction?: Reduction;
  /** 2 by default; 0 gives cross entropy. */
  readonly gamma?: number;
  /** A weight per class: [C]. */
  readonly weights?: Tensor;
  /** Elements with this label do not count; -100 by default. */
  readonly ignoreIndex?: number;
}

/** Two classes per element, as torchvision's: `logits` and `target` (0 or 1) of one shape, kept without reduction. */
export function sigmoidFocalLoss(logits: Tensor, target: Tensor, options: SigmoidFocalLossOptions = {}): Tensor {
  const { reduction = "mean", alpha = 0.25, gamma = 2 } = options;
  checkReduction("sigmoidFocalLoss", reduction);
  checkNumber("sigmoidFocalLoss", "gamma", gamma);
  checkSameShape("sigmoidFocalLoss", { logits, target });
  const crossEntropies = binaryCrossEntropyWithLogits(logits, target, { reduction: "none" });
  const p = sigmoid(logits);
  const wrong = add(multiply(subtract(1, p), target), multiply(p, subtract(1, target)));
  const losses = gamma === 0 ? crossEntropies : multiply(crossEntropies, power(wrong, gamma));
  if (alpha === null) return reduce(losses, reduction);
  const share = add(multiply(target, alpha), multiply(subtract(1, target), 1 - alpha));
  return reduce(multiply(losses, share), reduction);
}

/**
 * One of C classes: `logits` [N, C, ...] and `labels` [N, ...] of an integer type; a scalar, or [N, ...] without
 * reduction.
 */
export function softmaxFocalLoss(logits: Tensor, labels: Tensor, options: SoftmaxFocalLossOptions = {}): Tensor {
  const { reduction = "mean", gamma = 2, weights } = options;
  checkReduction("softmaxFocalLoss", reduction);
  checkNumber("softmaxFocalLoss", "gamma", gamma);
  checkLabels("softmaxFocalLoss", "logits", logits, labels);
  checkWeights("softmaxFocalLoss", weights, logits.shape[1]);
  const { chosen, share, counts } = atLabels(logSoftmax(logits, 1), labels, options);
  const factor = gamma === 0 ? share : multiply(share, power(subtract(1, exp(chosen)), gamma));
  const losses = where(counts, negate(multiply(factor, chosen)), 0);
  return reduction === "mean" ? divide(sum(losses), sum(share)) : reduce(losses, reduction);
}
