/** Triplet losses: an anchor should be nearer to an example of its class than to one of another, by a margin. */
import {
  ArgumentError,
  add,
  any,
  cast,
  divide,
  equal,
  eye,
  formatShape,
  logicalAnd,
  logicalNot,
  max,
  maximum,
  min,
  minimum,
  norm,
  relu,
  ShapeError,
  softplus,
  subtract,
  sum,
  type Tensor,
  unsqueeze,
  where,
} from "@sconce/core";
import { checkNumber, checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface TripletMarginLossOptions {
  /** `mean` over the triplets by default. */
  readonly reduction?: Reduction;
  /** 1 by default. */
  readonly margin?: number;
  /** The order of the norm; 2 by default. */
  readonly p?: number;
  /** Added to every difference, which keeps gradients finite; 1e-6 by default. */
  readonly epsilon?: number;
  /** Whether the positive may stand in for the anchor where it is nearer to the negative (Balntas et al. 2016). */
  readonly swap?: boolean;
}

export interface BatchHardTripletLossOptions {
  /** `mean` by default: over the anchors that have both a positive and a negative. */
  readonly reduction?: Reduction;
  /** 0.2 by default; "soft" takes softplus in place of the hinge. */
  readonly margin?: number | "soft";
}

/**
 * max(0, margin + |anchor - positive| - |anchor - negative|), as in PyTorch. All three [..., D]: a scalar, or [...]
 * without reduction.
 */
export function tripletMarginLoss(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  options: TripletMarginLossOptions = {},
): Tensor {
  const { reduction = "mean", margin = 1, p = 2, epsilon = 1e-6, swap = false } = options;
  checkReduction("tripletMarginLoss", reduction);
  checkNumber("tripletMarginLoss", "margin", margin);
  checkSameShape("tripletMarginLoss", { anchor, positive, negative });
  const distance = (a: Tensor, b: Tensor): Tensor => norm(add(subtract(a, b), epsilon), { axes: -1, order: p });
  const far = distance(anchor, negative);
  const nearest = swap ? minimum(far, distance(positive, negative)) : far;
  return reduce(relu(add(subtract(distance(anchor, positive), nearest), margin)), reduction);
}

/**
 * The triplet loss of each example with its farthest positive and its nearest negative in the batch (Hermans et al.
 * 2017), which are found inside the graph. `embeddings` [N, D], `labels` [N] of an integer type: a scalar, or [N] without
 * reduction. An anchor that lacks a positive or a negative has loss 0 and does not count in the mean.
 */
export function batchHardTripletLoss(
  embeddings: Tensor,
  labels: Tensor,
  { reduction = "mean", margin = 0.2 }: BatchHardTripletLossOptions = {},
): Tensor {
  checkReduction("batchHardTripletLoss", reduction);
  if (margin !== "soft" && !Number.isFinite(margin)) {
    throw new ArgumentError(`batchHardTripletLoss: margin is ${margin}; give a number, or "soft".`);
  }
  if (embeddings.rank !== 2 || labels.rank !== 1 || labels.shape[0] !== embeddings.shape[0]) {
    throw new ShapeError(
      `batchHardTripletLoss: embeddings ${formatShape(embeddings.shape)} and labels ${formatShape(labels.shape)}; they must be [N, D] and [N].`,
    );
  }
  const count = embeddings.shape[0];
  const distances = norm(subtract(unsqueeze(embeddings, 1), unsqueeze(embeddings, 0)), { axes: 2 });
  const same = equal(unsqueeze(labels, 1), unsqueeze(labels, 0));
  const isPositive = logicalAnd(same, logicalNot(eye(count)));
  const farthest = max(where(isPositive, distances, 0), { axes: 1 });
  const isNegative = logicalNot(same);
  const nearest = min(where(isNegative, distances, Number.POSITIVE_INFINITY), { axes: 1 });
  const complete = logicalAnd(any(isPositive, { axes: 1 }), any(isNegative, { axes: 1 }));
  const gap = subtract(farthest, where(complete, nearest, 0));
  const losses = where(complete, margin === "soft" ? softplus(gap) : relu(add(gap, margin)), 0);
  if (reduction !== "mean") return reduce(losses, reduction);
  return divide(sum(losses), maximum(sum(cast(complete, losses.dtype)), 1));
}
