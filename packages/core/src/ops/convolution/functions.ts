/** Convolutions as called by users: options as PyTorch has them, and an optional bias. */
import { promote, toFloat } from "../../dtype.ts";
import { ShapeError } from "../../errors.ts";
import { apply } from "../../op.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { pad } from "../movement/pad.ts";
import { reshape } from "../movement/reshape.ts";
import { type ConvolutionAttributes, convolutionInputGradientOp, convolutionOp } from "./convolution.ts";
import { perAxis } from "./windows.ts";

export interface ConvolutionOptions {
  /** Added per output channel: [O]. */
  readonly bias?: Tensor;
  readonly stride?: number | readonly number[];
  /** Zeros on both sides of each axis; "same" keeps the extents at stride 1. */
  readonly padding?: number | readonly number[] | "same";
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}

export interface TransposedConvolutionOptions extends Omit<ConvolutionOptions, "padding"> {
  readonly padding?: number | readonly number[];
  /** Added to one side of the output, to choose among the sizes that a strided convolution maps to one. */
  readonly outputPadding?: number | readonly number[];
}

function geometry(
  op: string,
  axes: number,
  kernel: readonly number[],
  options: ConvolutionOptions,
): ConvolutionAttributes {
  const dilation = perAxis(op, "dilation", options.dilation ?? 1, axes, 1);
  const stride = perAxis(op, "stride", options.stride ?? 1, axes, 1);
  const padding =
    options.padding === "same"
      ? kernel.map((size, i) => {
          const total = (size - 1) * dilation[i];
          return [Math.floor(total / 2), total - Math.floor(total / 2)] as const;
        })
      : perAxis(op, "padding", options.padding ?? 0, axes, 0).map((n) => [n, n] as const);
  return { stride, padding, dilation, groups: options.groups ?? 1 };
}

function convolve(op: string, axes: number, x: Tensor, weight: Tensor, options: ConvolutionOptions): Tensor {
  checkRank(op, axes, x, weight);
  const dtype = toFloat(promote(op, x.dtype, weight.dtype));
  const attributes = geometry(op, axes, weight.shape.slice(2), options);
  return withBias(op, apply(convolutionOp, [cast(x, dtype), cast(weight, dtype)], attributes), options.bias);
}

function convolveTransposed(
  op: string,
  axes: number,
  x: Tensor,
  weight: Tensor,
  options: TransposedConvolutionOptions,
): Tensor {
  checkRank(op, axes, x, weight);
  const dtype = toFloat(promote(op, x.dtype, weight.dtype));
  const attributes = geometry(op, axes, weight.shape.slice(2), options);
  if (x.shape[1] !== weight.shape[0]) {
    throw new ShapeError(
      `${op}: input ${formatShape(x.shape)} has ${x.shape[1]} channels, weight ${formatShape(weight.shape)} (in, out / groups, ...) expects ${weight.shape[0]}; change one of them.`,
    );
  }
  const extra = perAxis(op, "outputPadding", options.outputPadding ?? 0, axes, 0);
  const { stride, dilation } = attributes;
  // Less than a stride more is an input of the convolution's that has the same output; for a whole stride more, padding
  // is taken back, and then there is nothing but zeros to add.
  const whole = extra.map((more, i) => (more < stride[i] ? 0 : more));
  const padding = attributes.padding.map(([before, after], i) => [before, Math.max(0, after - whole[i])] as const);
  const zeros = whole.map((more, i) => Math.max(0, more - attributes.padding[i][1]));
  const spatial = extra.map(
    (more, i) =>
      (x.shape[2 + i] - 1) * stride[i] -
      padding[i][0] -
      padding[i][1] +
      dilation[i] * (weight.shape[2 + i] - 1) +
      1 +
      (more - whole[i]),
  );
  if (spatial.some((extent) => extent < 1)) {
    throw new ShapeError(
      `${op}: input ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} with padding ${formatShape(attributes.padding.map(([before]) => before))} ` +
        `would give spatial extents ${formatShape(spatial)}; use less padding.`,
    );
  }
  const y = apply(convolutionInputGradientOp, [cast(x, dtype), cast(weight, dtype)], {
    ...attributes,
    padding,
    spatial,
  });
  return withBias(op, pad(y, [[0, 0], [0, 0], ...zeros.map((count) => [0, count] as const)]), options.bias);
}

function withBias(op: string, y: Tensor, bias: Tensor | undefined): Tensor {
  if (!bias) return y;
  if (bias.rank !== 1 || bias.size !== y.shape[1]) {
    throw new ShapeError(
      `${op}: bias ${formatShape(bias.shape)} for ${y.shape[1]} output channels; it must be ${formatShape([y.shape[1]])}.`,
    );
  }
  return add(y, reshape(bias, [bias.size, ...y.shape.slice(2).map(() => 1)]));
}

function checkRank(op: string, axes: number, x: Tensor, weight: Tensor): void {
  if (x.rank === axes + 2 && weight.rank === axes + 2) return;
  throw new ShapeError(
    `${op}: input ${formatShape(x.shape)} and weight ${formatShape(weight.shape)}; both need ${axes + 2} axes: [batch, channels, ...${axes} spatial] ` +
      "and [out, in / groups, ...kernel]. Add a batch axis with x.unsqueeze(0).",
  );
}

/** Convolution of x [N, C, L] with weight [O, C / groups, K]: [N, O, L']. */
export function conv1d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve("conv1d", 1, x, weight, options);
}

/** Convolution of x [N, C, H, W] with weight [O, C / groups, KH, KW]: [N, O, H', W'], H' = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1. */
export function conv2d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve("conv2d", 2, x, weight, options);
}

/** Convolution of x [N, C, D, H, W] with weight [O, C / groups, KD, KH, KW]. */
export function conv3d(x: Tensor, weight: Tensor, options: ConvolutionOptions = {}): Tensor {
  return convolve("conv3d", 3, x, weight, options);
}

/** Transposed convolution (the adjoint of conv1d) of x [N, C, L] with weight [C, O / groups, K]. */
export function convTranspose1d(x: Tensor, weight: Tensor, options: TransposedConvolutionOptions = {}): Tensor {
  return convolveTransposed("convTranspose1d", 1, x, weight, options);
}

/** Transposed convolution (the adjoint of conv2d) of x [N, C, H, W] with weight [C, O / groups, KH, KW]. */
export function convTranspose2d(x: Tensor, weight: Tensor, options: TransposedConvolutionOptions = {}): Tensor {
  return convolveTransposed("convTranspose2d", 2, x, weight, options);
}
