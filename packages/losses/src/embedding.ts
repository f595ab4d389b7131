/** Losses of pairs of embeddings that should be near or far. */
import {
  add,
  divide,
  equal,
  formatShape,
  greater,
  multiply,
  norm,
  relu,
  ShapeError,
  sameShape,
  sqrt,
  square,
  subtract,
  sum,
  type Tensor,
  where,
} from "@sconce/core";
import { checkNumber, checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface CosineEmbeddingLossOptions {
  /** `mean` over the pairs by default. */
  readonly reduction?: Reduction;
  /** The cosine from which a pair that should differ counts, from -1 to 1; 0 by default. */
  readonly margin?: number;
}

export interface ContrastiveLossOptions {
  /** `mean` over the pairs by default. */
  readonly reduction?: Reduction;
  /** The distance from which a pair that should differ counts no more; 1 by default. */
  readonly margin?: number;
}

/**
 * 1 - cos for pairs with target 1, max(0, cos - margin) for pairs with target -1. `first` and `second` [..., D], `target`
 * [...]: a scalar, or [...] without reduction.
 */
export function cosineEmbeddingLoss(
  first: Tensor,
  second: Tensor,
  target: Tensor,
  { reduction = "mean", margin = 0 }: CosineEmbeddingLossOptions = {},
): Tensor {
  checkReduction("cosineEmbeddingLoss", reduction);
  checkPairs("cosineEmbeddingLoss", first, second, target);
  const along = (x: Tensor): Tensor => sum(x, { axes: -1 });
  const squares = multiply(add(along(square(first)), 1e-12), add(along(square(second)), 1e-12));
  const cosine = divide(along(multiply(first, second)), sqrt(squares));
  return reduce(where(equal(target, 1), subtract(1, cosine), relu(subtract(cosine, margin))), reduction);
}

/**
 * d^2 / 2 for pairs of the same class, max(0, margin - d)^2 / 2 for the others, with d their Euclidean distance (Hadsell
 * et al. 2006). `first` and `second` [..., D], `same` [...], true (1) or false (0): a scalar, or [...] without reduction.
 */
export function contrastiveLoss(
  first: Tensor,
  second: Tensor,
  same: Tensor,
  { reduction = "mean", margin = 1 }: ContrastiveLossOptions = {},
): Tensor {
  checkReduction("contrastiveLoss", reduction);
  checkNumber("contrastiveLoss", "margin", margin);
  checkPairs("contrastiveLoss", first, second, same);
  const difference = subtract(first, second);
  const near = sum(square(difference), { axes: -1 });
  const far = square(relu(subtract(margin, norm(difference, { axes: -1 }))));
  return reduce(multiply(where(greater(same, 0), near, far), 0.5), reduction);
}

function checkPairs(loss: string, first: Tensor, second: Tensor, target: Tensor): void {
  checkSameShape(loss, { "first tensor": first, second });
  if (first.rank > 0 && sameShape(target.shape, first.shape.slice(0, -1))) return;
  throw new ShapeError(
    `${loss}: the target has shape ${formatShape(target.shape)} for embeddings ${formatShape(first.shape)}; it must be ${formatShape(first.shape.slice(0, -1))}, one per pair.`,
  );
}
