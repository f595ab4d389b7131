/** The Dice loss of segmentations: 1 - 2 |A and B| / (|A| + |B|), with sums of probabilities for sizes (Milletari et al. 2016). */
import { add, divide, formatShape, multiply, ShapeError, square, subtract, sum, type Tensor } from "@sconce/core";
import { checkNumber, checkSameShape } from "./check.ts";
import { checkReduction, type Reduction, reduce } from "./reduction.ts";

export interface DiceLossOptions {
  /** `mean` over the examples and classes by default. */
  readonly reduction?: Reduction;
  /** Added to both sides of the fraction, so that an empty mask predicted as empty has loss 0; 1 by default. */
  readonly smooth?: number;
  /** Whether the sizes are sums of squares, as in the paper; false by default. */
  readonly squared?: boolean;
}

/** `probabilities` and `target` (0 or 1) [N, C, ...] of one shape: a scalar, or [N, C] without reduction. */
export function diceLoss(probabilities: Tensor, target: Tensor, options: DiceLossOptions = {}): Tensor {
  const { reduction = "mean", smooth = 1, squared = false } = options;
  checkReduction("diceLoss", reduction);
  checkNumber("diceLoss", "smooth", smooth);
  checkSameShape("diceLoss", { probabilities, target });
  if (probabilities.rank < 3) {
    throw new ShapeError(
      `diceLoss: the probabilities have shape ${formatShape(probabilities.shape)}; they must be [N, C, ...] with at least one axis to sum over. Add one with unsqueeze.`,
    );
  }
  const axes = probabilities.shape.map((_, axis) => axis).slice(2);
  const size = (x: Tensor): Tensor => sum(squared ? square(x) : x, { axes });
  const common = add(multiply(sum(multiply(probabilities, target), { axes }), 2), smooth);
  return reduce(subtract(1, divide(common, add(add(size(probabilities), size(target)), smooth))), reduction);
}
