/**
 * Cross entropy of logits and class labels or class probabilities, with PyTorch's semantics.
 *
 * For label y with weights w and smoothing s over C classes, the loss of an element is
 *   -(1 - s) w[y] log p[y] - s / C * sum over c of w[c] log p[c],
 * and its share in a mean is w[y]. For probabilities q, smoothed likewise, it is -sum over c of w[c] q[c] log p[c], and
 * every share is 1. Label smoothing is that of Szegedy et al. 2016.
 */
import {
  ArgumentError,
  add,
  divide,
  formatShape,
  isFloat,
  logSoftmax,
  multiply,
  negate,
  reshape,
  ShapeError,
  sum,
  type Tensor,
  where,
} from "@sconce/core";
import { checkLabels, checkWeights } from "./check.ts";
import { atLabels } from "./labels.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface CrossEntropyOptions {
  /** `mean` by default: the sum divided by the weights of the labels that count. */
  readonly reduction?: Reduction;
  /** A weight per class: [C]. */
  readonly weights?: Tensor;
  /** The part of the target that is spread over all classes, from 0 to 1; 0 by default. */
  readonly labelSmoothing?: number;
  /** Elements with this label do not count; -100 by default. Only for labels. */
  readonly ignoreIndex?: number;
}

/**
 * The cross entropy of `logits` [N, C, ...] and `target`: labels [N, ...] of an integer type, from 0 to C - 1, or
 * probabilities [N, C, ...] of a float type. A scalar, or [N, ...] without reduction. A label out of range gives NaN.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { reduction = "mean", weights, labelSmoothing = 0 } = options;
  checkReduction("crossEntropy", reduction);
  checkOptions(logits, weights, labelSmoothing);
  return isFloat(target.dtype) ? ofProbabilities(logits, target, options) : ofLabels(logits, target, options);
}

function ofLabels(logits: Tensor, labels: Tensor, options: CrossEntropyOptions): Tensor {
  const { reduction = "mean", weights, labelSmoothing: smoothing = 0, ignoreIndex } = options;
  checkLabels("crossEntropy", "logits", logits, labels);
  const logProbabilities = logSoftmax(logits, 1);
  const { chosen, share, counts } = atLabels(logProbabilities, labels, { weights, ignoreIndex });
  let losses = where(counts, negate(multiply(share, chosen)), 0);
  if (smoothing > 0) {
    const classes = logits.shape[1];
    const spread = negate(sum(weighted(logProbabilities, weights), { axes: 1 }));
    losses = add(multiply(losses, 1 - smoothing), multiply(where(counts, spread, 0), smoothing / classes));
  }
  return reduction === "mean" ? divide(sum(losses), sum(share)) : reduce(losses, reduction);
}

function ofProbabilities(logits: Tensor, probabilities: Tensor, options: CrossEntropyOptions): Tensor {
  const { reduction = "mean", weights, labelSmoothing: smoothing = 0, ignoreIndex } = options;
  if (formatShape(probabilities.shape) !== formatShape(logits.shape)) {
    throw new ShapeError(
      `crossEntropy: the target is ${probabilities.dtype} ${formatShape(probabilities.shape)} for logits ${formatShape(logits.shape)}; ` +
        'probabilities have the shape of the logits. For class labels give integers: labels.cast("int32").',
    );
  }
  if (ignoreIndex !== undefined) {
    throw new ArgumentError(
      "crossEntropy: ignoreIndex has no meaning for probabilities; give labels, or probabilities of 0 where nothing should count.",
    );
  }
  const smooth =
    smoothing > 0 ? add(multiply(probabilities, 1 - smoothing), smoothing / logits.shape[1]) : probabilities;
  const losses = negate(sum(weighted(multiply(logSoftmax(logits, 1), smooth), weights), { axes: 1 }));
  return reduce(losses, reduction);
}

/** x [N, C, ...] times a weight per class. */
function weighted(x: Tensor, weights: Tensor | undefined): Tensor {
  return weights
    ? multiply(
        x,
        reshape(
          weights,
          x.shape.map((extent, axis) => (axis === 1 ? extent : 1)),
        ),
      )
    : x;
}

function checkOptions(logits: Tensor, weights: Tensor | undefined, smoothing: number): void {
  if (logits.rank < 2) {
    throw new ShapeError(
      `crossEntropy: the logits have shape ${formatShape(logits.shape)}; they must be [N, C] or [N, C, ...]. Add a batch axis with logits.unsqueeze(0).`,
    );
  }
  checkWeights("crossEntropy", weights, logits.shape[1]);
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw new ArgumentError(`crossEntropy: labelSmoothing is ${smoothing}; give a number from 0 to 1.`);
  }
}
