/** Mean squared error: (prediction - target)^2. */
import { formatShape, ShapeError, sameShape, square, subtract, type Tensor } from "@sconce/core";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface MeanSquaredErrorOptions {
  /** `mean` over all elements by default. */
  readonly reduction?: Reduction;
}

/** The squared difference of `prediction` and `target`, of one shape: a scalar, or that shape without reduction. */
export function meanSquaredError(
  prediction: Tensor,
  target: Tensor,
  { reduction = "mean" }: MeanSquaredErrorOptions = {},
): Tensor {
  checkReduction("meanSquaredError", reduction);
  if (!sameShape(prediction.shape, target.shape)) {
    throw new ShapeError(
      `meanSquaredError: the prediction has shape ${formatShape(prediction.shape)}, the target ${formatShape(target.shape)}; they must be equal, ` +
        "since broadcasting one to the other would compare every pair. Use reshape, squeeze or unsqueeze on one of them.",
    );
  }
  return reduce(square(subtract(prediction, target)), reduction);
}
