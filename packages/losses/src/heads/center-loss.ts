/**
 * The center loss (Wen et al. 2016): lambda / 2 |x - c[y]|^2, which draws features to the center of their class.
 *
 * Centers follow the data, not the gradient: after each batch in training mode c[j] -= alpha delta[j], with delta[j] the
 * sum of c[j] - x over the examples of class j, divided by 1 + their number.
 */
import {
  add,
  cast,
  divide,
  formatShape,
  indexSelect,
  isTraining,
  matmul,
  multiply,
  oneHot,
  ShapeError,
  type Stat,
  square,
  stopGradient,
  subtract,
  sum,
  type Tensor,
  unsqueeze,
  zeros,
} from "@sconce/core";
import { Module } from "@sconce/layers";
import { checkCount, checkNumber } from "../check.ts";
import { checkReduction, type Reduction, reduce } from "../reduction.ts";

export interface CenterLossOptions {
  /** `mean` over the examples by default; the paper takes the sum. */
  readonly reduction?: Reduction;
  /** Weighs this loss against the one it is added to; 1 by default. */
  readonly lambda?: number;
  /** How far centers move, from 0 to 1; 0.5 by default. */
  readonly alpha?: number;
}

/**
 * A term beside a classifier's loss: `add(head.forward(features, labels), center.forward(features, labels))`.
 * features: [N, features]; labels: [N] of an integer type.
 */
export class CenterLoss extends Module {
  /** [classes, features], zeros at first. */
  readonly centers: Stat;
  readonly #reduction: Reduction;
  readonly #lambda: number;
  readonly #alpha: number;

  constructor(features: number, classes: number, options: CenterLossOptions = {}) {
    super();
    const { reduction = "mean", lambda = 1, alpha = 0.5 } = options;
    checkReduction("CenterLoss", reduction);
    checkNumber("CenterLoss", "lambda", lambda);
    checkNumber("CenterLoss", "alpha", alpha);
    const shape = [checkCount("CenterLoss", "classes", classes), checkCount("CenterLoss", "features", features)];
    this.centers = this.newStat(shape, () => zeros(shape));
    this.#reduction = reduction;
    this.#lambda = lambda;
    this.#alpha = alpha;
  }

  /** A scalar, or [N] without reduction. */
  override forward(features: Tensor, labels: Tensor): Tensor {
    const [, width] = this.centers.shape;
    if (
      features.rank !== 2 ||
      features.shape[1] !== width ||
      labels.rank !== 1 ||
      labels.shape[0] !== features.shape[0]
    ) {
      throw new ShapeError(
        `CenterLoss: features ${formatShape(features.shape)} and labels ${formatShape(labels.shape)}; they must be [N, ${width}] and [N].`,
      );
    }
    const centers = this.centers.value;
    const difference = subtract(features, indexSelect(centers, labels));
    if (isTraining()) this.#follow(centers, difference, labels);
    return reduce(multiply(sum(square(difference), { axes: 1 }), this.#lambda / 2), this.#reduction);
  }

  #follow(centers: Tensor, difference: Tensor, labels: Tensor): void {
    const members = oneHot(labels, centers.shape[0], centers.dtype);
    const pull = matmul(members, cast(stopGradient(difference), centers.dtype), { transposeA: true });
    const count = unsqueeze(sum(members, { axes: 0 }), 1);
    this.centers.assign(add(centers, multiply(divide(pull, add(count, 1)), this.#alpha)));
  }
}
