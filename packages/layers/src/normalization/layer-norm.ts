/** Normalizations over the last axes of each example, the same in training and inference. */
import {
  add,
  cast,
  type DType,
  formatShape,
  layerNorm,
  mean,
  multiply,
  type Param,
  rsqrt,
  type Shape,
  ShapeError,
  sameShape,
  square,
  type Tensor,
  toFloat,
} from "@sconce/core";
import { checkCount } from "../check.ts";
import { constant } from "../initializers.ts";
import { Module } from "../module.ts";

export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether there is a weight (and a bias); true by default. */
  readonly affine?: boolean;
  /** Whether there is a bias beside the weight; true by default. */
  readonly bias?: boolean;
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias over the last axes (Ba et al. 2016); x: [..., ...normalizedShape]. */
export class LayerNorm extends Module {
  /** Of the normalized shape. */
  readonly weight: Param | undefined;
  /** Of the normalized shape. */
  readonly bias: Param | undefined;
  readonly #shape: Shape;
  readonly #epsilon: number;

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    const { epsilon = 1e-5, affine = true, bias = true } = options;
    this.#shape = trailing("LayerNorm", normalizedShape);
    this.#epsilon = epsilon;
    if (affine) this.weight = this.newParam(this.#shape, constant(1));
    if (affine && bias) this.bias = this.newParam(this.#shape, constant(0));
  }

  override forward(x: Tensor): Tensor {
    return layerNorm(x, this.#shape, { weight: this.weight?.value, bias: this.bias?.value, epsilon: this.#epsilon });
  }
}

export interface RMSNormOptions {
  /** Added to the mean square; by default the spacing of x's numbers at 1, 2^-23 for float32. */
  readonly epsilon?: number;
  /** Whether there is a weight; true by default. */
  readonly affine?: boolean;
}

/** x / sqrt(mean(x^2) + epsilon) * weight over the last axes (Zhang and Sennrich 2019); x: [..., ...normalizedShape]. */
export class RMSNorm extends Module {
  /** Of the normalized shape. */
  readonly weight: Param | undefined;
  readonly #shape: Shape;
  readonly #epsilon: number | undefined;

  constructor(normalizedShape: number | Shape, { epsilon, affine = true }: RMSNormOptions = {}) {
    super();
    this.#shape = trailing("RMSNorm", normalizedShape);
    this.#epsilon = epsilon;
    if (affine) this.weight = this.newParam(this.#shape, constant(1));
  }

  override forward(x: Tensor): Tensor {
    const first = x.rank - this.#shape.length;
    if (first < 0 || !sameShape(x.shape.slice(first), this.#shape)) {
      throw new ShapeError(
        `RMSNorm: x has shape ${formatShape(x.shape)}; it must end in ${formatShape(this.#shape)}. Change the layer's first argument.`,
      );
    }
    const data = cast(x, toFloat(x.dtype));
    const axes = this.#shape.map((_, i) => first + i);
    const epsilon = this.#epsilon ?? spacing(data.dtype);
    const y = multiply(data, rsqrt(add(mean(square(data), { axes, keepAxes: true }), epsilon)));
    return this.weight ? multiply(y, this.weight.value) : y;
  }
}

/** The distance from 1 to the next number. */
function spacing(dtype: DType): number {
  return dtype === "float64" ? 2 ** -52 : dtype === "float16" ? 2 ** -10 : 2 ** -23;
}

/** The normalized shape as a list; its extents are at least 1. */
function trailing(layer: string, shape: number | Shape): Shape {
  const extents = typeof shape === "number" ? [shape] : [...shape];
  checkCount(layer, "the number of normalized axes", extents.length);
  for (const extent of extents) checkCount(layer, "an extent of normalizedShape", extent);
  return extents;
}
