/**
 * Two-dimensional convolution (cross-correlation, as in PyTorch) of NCHW images with weights
 * [output channels, input channels / groups, kernel height, kernel width], and its two gradients.
 *
 * The input gradient is a convolution too. Input rows that agree modulo the stride see the same kernel rows, so each
 * of these phases is a correlation of stride one of the output gradient with its share of the kernel, flipped and with
 * its channels transposed: no products with inserted zeros, and no scattered sums as in col2im.
 */
import { greatestCommonDivisor } from "./arithmetic.ts";
import { type Correlation, correlate } from "./correlation.ts";
import { correlateDepthwise } from "./depthwise.ts";
import type { FloatArray } from "./panels.ts";
import { correlateWeights } from "./weight-gradient.ts";
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
  const extent = (size: number, kernel: number, axis: 0 | 1): number =>
    Math.max(
      0,
      Math.floor(
        (size + padding[2 * axis] + padding[2 * axis + 1] - dilation[axis] * (kernel - 1) - 1) / stride[axis],
      ) + 1,
    );
  return [extent(shape.inputHeight, shape.kernelHeight, 0), extent(shape.inputWidth, shape.kernelWidth, 1)];
}

/** output[n, o] = sum over c of input[n, c] * weights[o, c]. */
export function convolution(
  output: FloatArray,
  input: FloatArray,
  weights: FloatArray,
  attributes: ConvolutionShape,
): void {
  const shape = withoutRows(attributes);
  const { groups, kernelHeight, kernelWidth, inputHeight, inputWidth, stride, padding, dilation } = shape;
  const inputChannels = shape.inputChannels / groups,
    outputChannels = shape.outputChannels / groups;
  const [outputHeight, outputWidth] = convolutionOutputSize(shape);
  const taps = kernelHeight * kernelWidth;
  correlateAny(output, input, weights, {
    batch: shape.batch,
    groups,
    inputChannels,
    inputHeight,
    inputWidth,
    outputChannels,
    outputHeight,
    outputWidth,
    kernelHeight,
    kernelWidth,
    stride,
    dilation,
    top: padding[0],
    left: padding[2],
    weights: {
      start: 0,
      group: outputChannels * inputChannels * taps,
      outputChannel: inputChannels * taps,
      inputChannel: taps,
      row: kernelWidth,
      column: 1,
    },
    output: {
      start: 0,
      image: shape.outputChannels * outputHeight * outputWidth,
      channel: outputHeight * outputWidth,
      row: outputWidth,
      column: 1,
    },
  });
}

/** The gradient with respect to the input, given that with respect to the output. */
export function convolutionInputGradient(
  inputGradient: FloatArray,
  outputGradient: FloatArray,
  weights: FloatArray,
  attributes: ConvolutionShape,
): void {
  const shape = withoutRows(attributes);
  const { groups, kernelHeight, kernelWidth, inputHeight, inputWidth, stride, padding, dilation } = shape;
  const inputChannels = shape.inputChannels / groups,
    outputChannels = shape.outputChannels / groups;
  const [outputHeight, outputWidth] = convolutionOutputSize(shape);
  const taps = kernelHeight * kernelWidth;
  for (let phaseRow = 0; phaseRow < Math.min(stride[0], inputHeight); phaseRow++) {
    const vertical = phaseTaps(phaseRow + padding[0], stride[0], dilation[0], kernelHeight);
    for (let phaseColumn = 0; phaseColumn < Math.min(stride[1], inputWidth); phaseColumn++) {
      const horizontal = phaseTaps(phaseColumn + padding[2], stride[1], dilation[1], kernelWidth);
      correlateAny(inputGradient, outputGradient, weights, {
        batch: shape.batch,
        groups,
        inputChannels: outputChannels,
        inputHeight: outputHeight,
        inputWidth: outputWidth,
        outputChannels: inputChannels,
        outputHeight: Math.ceil((inputHeight - phaseRow) / stride[0]),
        outputWidth: Math.ceil((inputWidth - phaseColumn) / stride[1]),
        kernelHeight: vertical.count,
        kernelWidth: horizontal.count,
        stride: [1, 1],
        dilation: [vertical.dilation, horizontal.dilation],
        top: vertical.before,
        left: horizontal.before,
        weights: {
          start: vertical.last * kernelWidth + horizontal.last,
          group: outputChannels * inputChannels * taps,
          outputChannel: taps,
          inputChannel: inputChannels * taps,
          row: -vertical.step * kernelWidth,
          column: -horizontal.step,
        },
        output: {
          start: phaseRow * inputWidth + phaseColumn,
          image: shape.inputChannels * inputHeight * inputWidth,
          channel: inputHeight * inputWidth,
          row: stride[0] * inputWidth,
          column: stride[1],
        },
      });
    }
  }
}

/** The gradient with respect to the weights, summed over the batch. */
export function convolutionWeightGradient(
  weightGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  attributes: ConvolutionShape,
): void {
  const shape = withoutRows(attributes);
  const [outputHeight, outputWidth] = convolutionOutputSize(shape);
  const { groups, padding } = shape;
  const perGroup = {
    ...shape,
    inputChannels: shape.inputChannels / groups,
    outputChannels: shape.outputChannels / groups,
    outputHeight,
    outputWidth,
    top: padding[0],
    left: padding[2],
  };
  const correlateAny = suitsTiles(weightGradient, perGroup) ? correlateWeightsByTiles : correlateWeights;
  correlateAny(weightGradient, input, outputGradient, perGroup);
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
  if (shape.inputChannels === 1 && shape.outputChannels === 1) correlateDepthwise(output, input, weights, shape);
  else if (suitsTiles(output, shape)) correlateByTiles(output, input, weights, shape);
  else correlate(output, input, weights, shape);
}

/** A 1 by 1 kernel that touches every pixel once has no use for rows. */
function withoutRows(shape: ConvolutionShape): ConvolutionShape {
  const { kernelHeight, kernelWidth, stride, padding, inputHeight, inputWidth } = shape;
  const pointwise = kernelHeight * kernelWidth * stride[0] * stride[1] === 1 && padding.every((side) => side === 0);
  return pointwise ? { ...shape, inputHeight: 1, inputWidth: inputHeight * inputWidth } : shape;
}
