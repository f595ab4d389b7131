/** Normalizations as called by users: layouts and defaults as PyTorch has them. */
import { promote, toFloat } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { apply } from "../../op.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { full } from "../creation/full.ts";
import { add, multiply, subtract } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { rsqrt } from "../elementwise/unary.ts";
import { reshape } from "../movement/reshape.ts";
import { mean, variance } from "../reduction/statistics.ts";
import { normalizationOp } from "./normalization.ts";

export interface NormalizationOptions {
  /** Multiplies the normalized elements. */
  readonly weight?: Tensor;
  /** Added last. */
  readonly bias?: Tensor;
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
}

export interface BatchNormOptions extends NormalizationOptions {
  /** Per channel: [C]. */
  readonly mean: Tensor;
  /** Per channel: [C]. */
  readonly variance: Tensor;
}

/** A batch normalized by its own statistics, and these. */
export interface BatchNormResult {
  readonly output: Tensor;
  /** Per channel: [C]. */
  readonly mean: Tensor;
  /** Per channel, of the batch itself (not the unbiased estimate): [C]. */
  readonly variance: Tensor;
}

/** Applies the op to `x` seen as `shape`, with weight and bias of `affine` (their own shape) seen as `seen`. */
function normalize(
  op: string,
  x: Tensor,
  shape: Shape,
  axes: readonly number[],
  affine: Shape,
  seen: Shape,
  options: NormalizationOptions,
): Tensor {
  const { weight, bias } = options;
  const dtype = [weight, bias].reduce((found, t) => (t ? promote(op, found, t.dtype) : found), toFloat(x.dtype));
  const parameter = (name: string, given: Tensor | undefined, neutral: number): Tensor => {
    if (!given)
      return full(
        seen.map(() => 1),
        neutral,
        dtype,
      );
    checkParameter(op, name, given, affine, x);
    return reshape(cast(given, dtype), seen);
  };
  const inputs = [reshape(cast(x, dtype), shape), parameter("weight", weight, 1), parameter("bias", bias, 0)];
  return reshape(apply(normalizationOp, inputs, { axes, epsilon: epsilonOf(op, options) }), x.shape);
}

function checkParameter(op: string, name: string, given: Tensor, expected: Shape, x: Tensor): void {
  if (sameShape(given.shape, expected)) return;
  throw new ShapeError(
    `${op}: ${name} has shape ${formatShape(given.shape)}; for input ${formatShape(x.shape)} it must be ${formatShape(expected)}.`,
  );
}

function epsilonOf(op: string, { epsilon = 1e-5 }: NormalizationOptions): number {
  if (!(epsilon >= 0))
    throw new ArgumentError(`${op}: epsilon is ${epsilon}; give a small number >= 0, for example 1e-5.`);
  return epsilon;
}

function checkChannels(op: string, x: Tensor): void {
  if (x.rank >= 2) return;
  throw new ShapeError(
    `${op}: input ${formatShape(x.shape)} needs at least 2 axes: [batch, channels, ...]. Add a batch axis with x.unsqueeze(0).`,
  );
}

/** [1, C, 1, ...]: a value per channel beside `x`. */
function perChannel(x: Tensor): number[] {
  return x.shape.map((extent, axis) => (axis === 1 ? extent : 1));
}

function axesFrom(first: number, rank: number): number[] {
  return Array.from({ length: rank - first }, (_, i) => first + i);
}

/** x [N, C, ...] normalized per channel by given statistics, as batch norm does for inference (Ioffe and Szegedy 2015). */
export function batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
  checkChannels("batchNorm", x);
  const { weight, bias, mean, variance } = options;
  const parameters = Object.entries({ weight, bias, mean, variance });
  for (const [name, given] of parameters) if (given) checkParameter("batchNorm", name, given, [x.shape[1]], x);
  // One factor and one summand per channel, so that only two operations are left per element.
  const inverseDeviation = rsqrt(add(variance, epsilonOf("batchNorm", options)));
  const factor = weight ? multiply(weight, inverseDeviation) : inverseDeviation;
  const summand = subtract(bias ?? 0, multiply(mean, factor));
  return add(multiply(x, reshape(factor, perChannel(x))), reshape(summand, perChannel(x)));
}

/** x [N, C, ...] normalized per channel by the mean and variance of the batch, and these statistics (Ioffe and Szegedy 2015). */
export function batchNormTraining(x: Tensor, options: NormalizationOptions = {}): BatchNormResult {
  checkChannels("batchNormTraining", x);
  const channels = [x.shape[1]];
  if (x.shape[1] > 0 && x.size / x.shape[1] < 2) {
    throw new ShapeError(
      `batchNormTraining: input ${formatShape(x.shape)} has ${x.size / x.shape[1]} values per channel, whose variance says nothing; give a larger batch, or use batchNorm with known statistics.`,
    );
  }
  const axes = [0, ...axesFrom(2, x.rank)];
  const output = normalize("batchNormTraining", x, x.shape, axes, channels, perChannel(x), options);
  // The same nodes as inside the op's decomposition: where a backend does not claim it, they are computed once.
  const data = cast(x, output.dtype);
  const over = { axes, keepAxes: true };
  return { output, mean: reshape(mean(data, over), channels), variance: reshape(variance(data, over), channels) };
}

/** `x` normalized over its last axes, which are `normalizedShape`, as are weight and bias (Ba et al. 2016). */
export function layerNorm(x: Tensor, normalizedShape: number | Shape, options: NormalizationOptions = {}): Tensor {
  const trailing = typeof normalizedShape === "number" ? [normalizedShape] : normalizedShape;
  const first = x.rank - trailing.length;
  if (trailing.length === 0 || first < 0 || !sameShape(x.shape.slice(first), trailing)) {
    throw new ShapeError(
      `layerNorm: input ${formatShape(x.shape)} does not end in ${formatShape(trailing)}; normalizedShape is the extents of the last axes, for example ${formatShape(x.shape.slice(-1))}.`,
    );
  }
  const seen = x.shape.map((extent, axis) => (axis < first ? 1 : extent));
  return normalize("layerNorm", x, x.shape, axesFrom(first, x.rank), trailing, seen, options);
}

/** x [N, C, ...] normalized over each of `groups` groups of channels of each example; weight and bias are [C] (Wu and He 2018). */
export function groupNorm(x: Tensor, groups: number, options: NormalizationOptions = {}): Tensor {
  checkChannels("groupNorm", x);
  const [batch, channels, ...spatial] = x.shape;
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(
      `groupNorm: ${channels} channels of input ${formatShape(x.shape)} do not divide into ${groups} groups; give a divisor of ${channels}.`,
    );
  }
  const split = [groups, channels / groups];
  const shape = [batch, ...split, ...spatial];
  return normalize(
    "groupNorm",
    x,
    shape,
    axesFrom(2, shape.length),
    [channels],
    [1, ...split, ...spatial.map(() => 1)],
    options,
  );
}

/** x [N, C, ...spatial] normalized over the spatial axes of each channel of each example; weight and bias are [C] (Ulyanov et al. 2016). */
export function instanceNorm(x: Tensor, options: NormalizationOptions = {}): Tensor {
  if (x.rank < 3 || sizeOf(x.shape.slice(2)) < 2) {
    throw new ShapeError(
      `instanceNorm: input ${formatShape(x.shape)} needs more than one spatial element: [batch, channels, ...spatial].`,
    );
  }
  return normalize("instanceNorm", x, x.shape, axesFrom(2, x.rank), [x.shape[1]], perChannel(x), options);
}
