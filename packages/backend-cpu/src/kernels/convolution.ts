/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch) of NCHW images with weights
 * [output channels, input channels / groups, kernel height, kernel width], and its two gradients.
 *
 * The gradients are correlations too. For the weights, the output gradient is the kernel that slides over the input, with
 * images and channels exchanged, and stride and dilation as well. For the input, rows that agree modulo the stride see
 * the same kernel rows, so each of these phases is a correlation of stride one of the output gradient with its share
 * of the kernel, flipped and with its channels exchanged: no products with inserted zeros, and no scattered sums.
 */
import { greatestCommonDivisor } from "./arithmetic.ts";
import { correlate } from "./correlation.ts";
import {
  type Correlation,
  type Extents,
  exchangeRoles,
  type ImageStrides,
  type WeightStrides,
} from "./correlation-shape.ts";
import { correlateDepthwise } from "./depthwise.ts";
import type { FloatArray } from "./panels.ts";
import { correlateByTiles } from "./winograd.ts";
import { suitsTiles } from "./winograd-tiles.ts";
import { correlateWeightsByTiles } from "./winograd-weights.ts";

/** Sizes and attributes; channel counts are totals over all groups. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly inputChannels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /** Vertical, horizontal. */
  readonly stride: readonly [number, number];
  /** Top, bottom, left, right. */
  readonly padding: readonly [number, number, number, number];
  /** Vertical, horizontal. */
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

/** Height and width of the output; zero where the kernel does not fit. */
export function convolutionOutputSize(shape: ConvolutionShape): [height: number, width: number] {
  const { stride, padding, dilation } = shape;
  const extent = (size: number, kernel: number, axis: 0 | 1): number => {
    const room = size + padding[2 * axis] + padding[2 * axis + 1] - dilation[axis] * (kernel - 1) - 1;
    return Math.max(0, Math.floor(room / stride[axis]) + 1);
  };
  return [extent(shape.inputHeight, shape.kernelHeight, 0), extent(shape.inputWidth, shape.kernelWidth, 1)];
}

/** output[n, o] = sum over c of input[n, c] * weights[o, c]. */
export function convolution(output: FloatArray, input: FloatArray, weights: FloatArray, shape: ConvolutionShape): void {
  correlateAny(output, input, weights, describe(shape));
}

/** The gradient with respect to the weights, summed over the batch. */
export function convolutionWeightGradient(
  weightGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  shape: ConvolutionShape,
): void {
  const forward = describe(shape);
  if (suitsTiles(weightGradient, forward)) correlateWeightsByTiles(weightGradient, input, outputGradient, forward);
  else correlate(weightGradient, input, outputGradient, exchangeRoles(forward));
}

/** The gradient with respect to the input, given that with respect to the output. */
export function convolutionInputGradient(
  inputGradient: FloatArray,
  outputGradient: FloatArray,
  weights: FloatArray,
  shape: ConvolutionShape,
): void {
  const forward = describe(shape);
  const { inputHeight, inputWidth, stride, dilation, input: images, weights: kernels } = forward;
  for (let row = 0; row < Math.min(stride[0], inputHeight); row++) {
    const vertical = phaseTaps(row + forward.top, stride[0], dilation[0], forward.kernelHeight);
    for (let column = 0; column < Math.min(stride[1], inputWidth); column++) {
      const horizontal = phaseTaps(column + forward.left, stride[1], dilation[1], forward.kernelWidth);
      correlateAny(inputGradient, outputGradient, weights, {
        ...forward,
        inputChannels: forward.outputChannels,
        inputHeight: forward.outputHeight,
        inputWidth: forward.outputWidth,
        outputChannels: forward.inputChannels,
        outputHeight: Math.ceil((inputHeight - row) / stride[0]),
        outputWidth: Math.ceil((inputWidth - column) / stride[1]),
        kernelHeight: vertical.count,
        kernelWidth: horizontal.count,
        stride: [1, 1],
        dilation: [vertical.dilation, horizontal.dilation],
        top: vertical.before,
        left: horizontal.before,
        input: forward.output,
        weights: {
          start: vertical.last * kernels.row + horizontal.last,
          group: kernels.group,
          outputChannel: kernels.inputChannel,
          inputChannel: kernels.outputChannel,
          row: -vertical.step * kernels.row,
          column: -horizontal.step,
        },
        output: {
          ...images,
          start: row * images.row + column,
          row: stride[0] * images.row,
          column: stride[1],
        },
      });
    }
  }
}

/** Along one axis, the kernel taps that touch the inputs of one phase. */
interface PhaseTaps {
  readonly count: number;
  /** The last such tap, which comes first in the flipped kernel, and the distance between taps. */
  readonly last: number;
  readonly step: number;
  /** The same distance, in outputs. */
  readonly dilation: number;
  /** Outputs missing before the first, as for padding. */
  readonly before: number;
}

/** `position` is that of the phase's first input, counted from the start of the padding. */
function phaseTaps(position: number, stride: number, dilation: number, kernel: number): PhaseTaps {
  const common = greatestCommonDivisor(stride, dilation);
  const step = stride / common;
  let first = 0;
  while (first < Math.min(step, kernel) && (position - first * dilation) % stride !== 0) first++;
  const count = first < step ? Math.max(0, Math.ceil((kernel - first) / step)) : 0;
  const last = first + (count - 1) * step;
  return { count, last, step, dilation: dilation / common, before: (last * dilation - position) / stride };
}

function correlateAny(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const suited = suitsTiles(output, shape) ? correlateByTiles : correlate;
  const run = shape.inputChannels === 1 && shape.outputChannels === 1 ? correlateDepthwise : suited;
  run(output, input, weights, shape);
}

/** The convolution itself as a correlation. */
function describe(shape: ConvolutionShape): Correlation {
  const { groups, kernelHeight, kernelWidth, padding } = shape;
  const [outputHeight, outputWidth] = convolutionOutputSize(shape);
  const inputChannels = shape.inputChannels / groups;
  const outputChannels = shape.outputChannels / groups;
  const extents: Extents = {
    ...shape,
    inputChannels,
    outputChannels,
    outputHeight,
    outputWidth,
    top: padding[0],
    left: padding[2],
  };
  const kernel = kernelHeight * kernelWidth;
  const weights: WeightStrides = {
    start: 0,
    group: outputChannels * inputChannels * kernel,
    outputChannel: inputChannels * kernel,
    inputChannel: kernel,
    row: kernelWidth,
    column: 1,
  };
  const input = imageStrides(groups, inputChannels, shape.inputHeight, shape.inputWidth);
  const output = imageStrides(groups, outputChannels, outputHeight, outputWidth);
  // A 1 by 1 kernel that touches every pixel once has no use for rows.
  const pointwise = kernel * shape.stride[0] * shape.stride[1] === 1 && padding.every((side) => side === 0);
  const flat = { inputHeight: 1, inputWidth: input.channel, outputHeight: 1, outputWidth: input.channel };
  return { ...extents, ...(pointwise ? flat : {}), input, weights, output };
}

function imageStrides(groups: number, channels: number, height: number, width: number): ImageStrides {
  const channel = height * width;
  return { start: 0, image: groups * channels * channel, group: channels * channel, channel, row: width, column: 1 };
}
