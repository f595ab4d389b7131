/**
 * What the margin heads share: a weight vector W[j] per class, logits from the angles between features and weights, and
 * a cross entropy in which the logit of the true class is made smaller, so that it must be larger by a margin.
 */
import {
  cast,
  divide,
  equal,
  formatShape,
  iota,
  isFloat,
  matmul,
  maximum,
  norm,
  type Param,
  ShapeError,
  type Tensor,
  unsqueeze,
  where,
} from "@sconce/core";
import { type Initializer, Module, xavierUniform } from "@sconce/layers";
import { checkCount } from "../check.ts";
import { crossEntropy } from "../cross-entropy.ts";
import { checkReduction, type Reduction } from "../reduction.ts";

export interface HeadOptions {
  /** `mean` over the examples by default. */
  readonly reduction?: Reduction;
  /** `xavierUniform()` by default. */
  readonly weightInitializer?: Initializer;
}

/**
 * A classifier that is its own loss: `forward(features, labels)` is the loss to train with, `logits(features)` are the
 * scores to predict with, without a margin. features: [N, features]; labels: [N] of an integer type.
 */
export abstract class Head extends Module {
  /** [classes, features]. */
  readonly weight: Param;
  readonly #reduction: Reduction;

  constructor(features: number, classes: number, options: HeadOptions = {}) {
    super();
    const { reduction = "mean", weightInitializer = xavierUniform() } = options;
    checkReduction(this.constructor.name, reduction);
    const shape = [
      checkCount(this.constructor.name, "classes", classes),
      checkCount(this.constructor.name, "features", features),
    ];
    this.weight = this.newParam(shape, weightInitializer);
    this.#reduction = reduction;
  }

  /** The loss of features [N, features] at labels [N]: a scalar, or [N] without reduction. */
  override forward(features: Tensor, labels: Tensor): Tensor {
    this.#check(features);
    if (isFloat(labels.dtype) || labels.rank !== 1 || labels.shape[0] !== features.shape[0]) {
      throw new ShapeError(
        `${this.constructor.name}: the labels are ${labels.dtype} ${formatShape(labels.shape)} for features ${formatShape(features.shape)}; ` +
          `they must be integers [${features.shape[0]}], one class per example.`,
      );
    }
    return crossEntropy(this.marginLogits(features, labels), labels, { reduction: this.#reduction });
  }

  /** Scores without a margin: [N, classes]. */
  logits(features: Tensor): Tensor {
    this.#check(features);
    return this.scores(features);
  }

  /** `logits` of features that are of the right shape. */
  protected abstract scores(features: Tensor): Tensor;

  /** The logits to train with: smaller at the labels. */
  protected abstract marginLogits(features: Tensor, labels: Tensor): Tensor;

  /** The cosines of the angles between features and weights: [N, classes]. */
  protected cosines(features: Tensor): Tensor {
    return matmul(unit(features), unit(this.weight.value), { transposeB: true });
  }

  #check(features: Tensor): void {
    const [classes, width] = this.weight.shape;
    if (features.rank === 2 && features.shape[1] === width) return;
    throw new ShapeError(
      `${this.constructor.name}: the features have shape ${formatShape(features.shape)}; they must be [N, ${width}] for ${classes} classes. ` +
        "Flatten feature maps first with x.flatten(1), or change the head's first argument.",
    );
  }
}

/** Each row divided by its length; 0 stays 0. */
export function unit(x: Tensor): Tensor {
  return divide(x, lengths(x));
}

/** The length of each row, not quite 0: [N, 1]. */
export function lengths(x: Tensor): Tensor {
  return maximum(norm(x, { axes: 1, keepAxes: true }), 1e-12);
}

/** `target` at the label of each row of [N, C], `others` elsewhere. */
export function atTarget(labels: Tensor, target: Tensor, others: Tensor): Tensor {
  return where(equal(iota(others.shape, 1), unsqueeze(cast(labels, "int32"), 1)), target, others);
}
