/** Mean squared error: (prediction - target)^2. */
import { square, subtract, type Tensor } from "@sconce/core";
import { checkSameShape } from "./check.ts";
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
  checkSameShape("meanSquaredError", { prediction, target });
  return reduce(square(subtract(prediction, target)), reduction);
}
