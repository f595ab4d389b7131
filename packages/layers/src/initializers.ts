/**
 * Initial values of parameters.
 *
 * The variance of a random one is chosen so that signals keep their size through a layer: Glorot and Bengio 2010
 * (Xavier) for linear ones, He et al. 2015 (Kaiming) for layers followed by a rectifier.
 */
import {
  ArgumentError,
  type DType,
  formatShape,
  full,
  randomNormal,
  randomUniform,
  type Shape,
  type Tensor,
} from "@sconce/core";

/** Makes the initial value of a parameter from a key of its own (uint32 [2]). */
export type Initializer = (shape: Shape, key: Tensor, dtype: DType) => Tensor;

/** How many inputs an output element has, and how many outputs an input element reaches. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Fans of a weight [out, in, ...kernel]. */
export function fansOf(shape: Shape): Fans {
  if (shape.length < 2) {
    throw new ArgumentError(
      `fansOf: shape ${formatShape(shape)} has no inputs and outputs; it needs [out, in, ...kernel]. Use constant, uniform or normal.`,
    );
  }
  const kernel = shape.slice(2).reduce((size, extent) => size * extent, 1);
  return { fanIn: shape[1] * kernel, fanOut: shape[0] * kernel };
}

export interface KaimingOptions {
  /** The slope of the rectifier for negative inputs; 0 by default. */
  readonly negativeSlope?: number;
  /** Whether signals keep their size forward (`fanIn`, the default) or gradients backward (`fanOut`). */
  readonly mode?: "fanIn" | "fanOut";
}

export interface XavierOptions {
  /** Multiplies the deviation; 1 by default. */
  readonly gain?: number;
}

function kaimingDeviation(shape: Shape, { negativeSlope = 0, mode = "fanIn" }: KaimingOptions): number {
  return Math.sqrt(2 / (1 + negativeSlope ** 2) / fansOf(shape)[mode]);
}

function xavierDeviation(shape: Shape, { gain = 1 }: XavierOptions): number {
  const { fanIn, fanOut } = fansOf(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** Every element is `value`. */
export function constant(value: number): Initializer {
  return (shape, _key, dtype) => full(shape, value, dtype);
}

/** Uniform in [low, high). */
export function uniform(low: number, high: number): Initializer {
  return (shape, key, dtype) => randomUniform(shape, { key, dtype, low, high });
}

/** Normal with a mean and a standard deviation. */
export function normal(mean = 0, deviation = 1): Initializer {
  return (shape, key, dtype) => randomNormal(shape, { key, dtype, mean, deviation });
}

/** Uniform with variance 2 / ((1 + negativeSlope^2) fan) (He et al. 2015). */
export function kaimingUniform(options: KaimingOptions = {}): Initializer {
  return withDeviation(uniformOf, (shape) => kaimingDeviation(shape, options));
}

/** Normal with variance 2 / ((1 + negativeSlope^2) fan) (He et al. 2015). */
export function kaimingNormal(options: KaimingOptions = {}): Initializer {
  return withDeviation(normalOf, (shape) => kaimingDeviation(shape, options));
}

/** Uniform with variance 2 gain^2 / (fanIn + fanOut) (Glorot and Bengio 2010). */
export function xavierUniform(options: XavierOptions = {}): Initializer {
  return withDeviation(uniformOf, (shape) => xavierDeviation(shape, options));
}

/** Normal with variance 2 gain^2 / (fanIn + fanOut) (Glorot and Bengio 2010). */
export function xavierNormal(options: XavierOptions = {}): Initializer {
  return withDeviation(normalOf, (shape) => xavierDeviation(shape, options));
}

function withDeviation(family: (deviation: number) => Initializer, deviationOf: (shape: Shape) => number): Initializer {
  return (shape, key, dtype) => family(deviationOf(shape))(shape, key, dtype);
}

function uniformOf(deviation: number): Initializer {
  const bound = Math.sqrt(3) * deviation;
  return uniform(-bound, bound);
}

function normalOf(deviation: number): Initializer {
  return normal(0, deviation);
}

/** Weights of linear and convolution layers as PyTorch starts them: uniform within 1 / sqrt(fanIn). */
export const defaultWeight: Initializer = /* @__PURE__ */ kaimingUniform({ negativeSlope: Math.sqrt(5) });

/** Biases as PyTorch starts them: uniform within 1 / sqrt(fanIn) of the weight beside them. */
export function defaultBias(weight: Shape): Initializer {
  const { fanIn } = fansOf(weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  return uniform(-bound, bound);
}
