/** Hinges: losses that are 0 beyond a margin. Targets y are 1 or -1 unless they are class labels. */
import {
  ArgumentError,
  add,
  cast,
  equal,
  indexSelect,
  iota,
  multiply,
  negate,
  notEqual,
  relu,
  square,
  subtract,
  sum,
  type Tensor,
  unsqueeze,
  where,
} from "@sconce/core";
import { checkLabels, checkSameShape, checkWeights } from "./check.ts";
import { atLabels } from "./labels.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface HingeLossOptions {
  /** `mean` over all elements by default. */
  readonly reduction?: Reduction;
  /** 1 by default. */
  readonly margin?: number;
  /** Whether the hinge is squared; false by default. */
  readonly squared?: boolean;
}

export interface MultiMarginLossOptions {
  /** `mean` over the examples by default. */
  readonly reduction?: Reduction;
  /** 1 by default. */
  readonly margin?: number;
  /** The power of each hinge: 1 (the default) or 2. */
  readonly p?: 1 | 2;
  /** A weight per class: [C]. */
  readonly weights?: Tensor;
}

export interface HingeEmbeddingLossOptions {
  /** `mean` over all elements by default. */
  readonly reduction?: Reduction;
  /** 1 by default. */
  readonly margin?: number;
}

export interface MarginRankingLossOptions {
  /** `mean` over all elements by default. */
  readonly reduction?: Reduction;
  /** 0 by default. */
  readonly margin?: number;
}

/** max(0, margin - y score), of support vector machines (Cortes and Vapnik 1995); one shape, kept without reduction. */
export function hingeLoss(scores: Tensor, target: Tensor, options: HingeLossOptions = {}): Tensor {
  const { reduction = "mean", margin = 1, squared = false } = options;
  checkReduction("hingeLoss", reduction);
  checkSameShape("hingeLoss", { scores, target });
  const hinge = relu(subtract(margin, multiply(scores, target)));
  return reduce(squared ? square(hinge) : hinge, reduction);
}

/**
 * The hinge of several classes (Crammer and Singer 2001, summed): the sum over classes j other than the label y of
 * w[y] max(0, margin - x[y] + x[j])^p, divided by C. `scores` [N, C], `labels` [N]: a scalar, or [N] without reduction.
 */
export function multiMarginLoss(scores: Tensor, labels: Tensor, options: MultiMarginLossOptions = {}): Tensor {
  const { reduction = "mean", margin = 1, p = 1, weights } = options;
  checkReduction("multiMarginLoss", reduction);
  checkLabels("multiMarginLoss", "scores", scores, labels);
  checkWeights("multiMarginLoss", weights, scores.shape[1]);
  if (p !== 1 && p !== 2) throw new ArgumentError(`multiMarginLoss: p is ${String(p)}; give 1 or 2.`);
  const { chosen } = atLabels(scores, labels, {});
  const hinge = relu(add(subtract(scores, unsqueeze(chosen, 1)), margin));
  const powered = p === 2 ? square(hinge) : hinge;
  const isOther = notEqual(iota(scores.shape, 1), unsqueeze(cast(labels, "int32"), 1));
  const losses = multiply(sum(where(isOther, powered, 0), { axes: 1 }), 1 / scores.shape[1]);
  return reduce(weights ? multiply(losses, indexSelect(weights, labels)) : losses, reduction);
}

/** x for y = 1 and max(0, margin - x) for y = -1, with x a distance; one shape, kept without reduction. */
export function hingeEmbeddingLoss(x: Tensor, target: Tensor, options: HingeEmbeddingLossOptions = {}): Tensor {
  const { reduction = "mean", margin = 1 } = options;
  checkReduction("hingeEmbeddingLoss", reduction);
  checkSameShape("hingeEmbeddingLoss", { x, target });
  return reduce(where(equal(target, 1), x, relu(subtract(margin, x))), reduction);
}

/** max(0, margin - y (first - second)): `first` should rank higher for y = 1, lower for y = -1; one shape, kept without reduction. */
export function marginRankingLoss(
  first: Tensor,
  second: Tensor,
  target: Tensor,
  { reduction = "mean", margin = 0 }: MarginRankingLossOptions = {},
): Tensor {
  checkReduction("marginRankingLoss", reduction);
  checkSameShape("marginRankingLoss", { first, second, target });
  return reduce(relu(add(negate(multiply(subtract(first, second), target)), margin)), reduction);
}
