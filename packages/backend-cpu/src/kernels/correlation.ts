/**
 * The sliding product under matrix products, convolution and both gradients of convolution: every output pixel is the
 * sum, over input channels and kernel taps, of an input pixel times a weight.
 *
 * It is a matrix product [output channels, taps] x [taps, pixels], by the blocked algorithm of Goto and van de Geijn
 * ("Anatomy of High-Performance Matrix Multiplication", 2008) over the register block of `panels.ts`; but the right matrix
 * is never made in full. A right strip, or *unit*, is three neighbouring output columns; its lanes hold, for each
 * input row, the pixels under those columns for each kernel column and channel. Ordered so, the taps of one output row
 * are consecutive, and those of the row below are the same lane a few rows on: each pixel is packed once per kernel
 * column, not once per tap as in im2col. Columns are counted through the whole batch, so that units fill up.
 *
 * Rows with dilation fall into classes that do not share input rows; each class is an undilated problem on every
 * `dilation`-th row. Input, weights and output are addressed by strides, so that gradients can exchange their roles, flip
 * the weights and visit every `stride`-th element of the output.
 */
import { cut, type Range, sizeOfRange } from "./arithmetic.ts";
import {
  CHANNEL_BLOCK,
  cutPixels,
  cutTaps,
  depthOf,
  type Pixels,
  rowSizeOf,
  type Steps,
  type Taps,
} from "./correlation-blocks.ts";
import { CHANNEL_RUN, packInput } from "./correlation-input.ts";
import type { Correlation } from "./correlation-shape.ts";
import { type FloatArray, LEFT_CAPACITY, panels } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Writes all outputs that `shape` addresses; where there are no taps, zeros. */
export function correlate(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const { batch, outputChannels, outputHeight, outputWidth } = shape;
  if (batch * outputChannels * outputHeight * outputWidth === 0) return;
  const tapBlocks = cutTaps(shape);
  const channelBlocks = cut(outputChannels, CHANNEL_BLOCK);
  const packedLimit = 2 * Math.floor(LEFT_CAPACITY / Math.max(1, ...tapBlocks.map(depthOf)));
  const weightsStay = tapBlocks.length === 1 && packedLimit >= sizeOfRange(channelBlocks[0]);
  const { pixelBlocks, steps } = cutPixels(shape, tapBlocks);
  for (let group = 0; group < shape.groups; group++) {
    for (const channels of channelBlocks) {
      let packed = false;
      for (const pixels of pixelBlocks) {
        const sums = zeroedSums(Math.ceil(sizeOfRange(pixels.columns) / 3) * pixels.rows * sizeOfRange(channels) * 3);
        for (const taps of tapBlocks) {
          const inside = packInput(input, shape, group, pixels, taps, steps);
          for (let first = channels.begin; first < channels.end; first += packedLimit) {
            const some = { begin: first, end: Math.min(channels.end, first + packedLimit) };
            if (!packed) packWeights(weights, shape, group, some, taps);
            packed = weightsStay;
            multiplyStrips(sums, channels, some, pixels, taps, steps, inside);
          }
        }
        writeOutput(output, sums, shape, group, channels, pixels, steps);
      }
    }
  }
}

/** Fills the left lanes with some output channels, in the tap order of `packInput`. */
function packWeights(weights: FloatArray, shape: Correlation, group: number, channels: Range, taps: Taps): void {
  const { start, group: groupStride, outputChannel, inputChannel, row, column } = shape.weights;
  const first = start + group * groupStride + taps.channels.begin * inputChannel + taps.columns.begin * column;
  const columns = sizeOfRange(taps.columns);
  const depth = sizeOfRange(taps.channels);
  for (let part = 0; part < depth; part += CHANNEL_RUN) {
    const run = Math.min(CHANNEL_RUN, depth - part);
    let to = part;
    for (let channel = channels.begin; channel < channels.end; channel += 2) {
      const next = channel + 1 < channels.end ? outputChannel : 0;
      for (let tapRow = taps.rows.begin; tapRow < taps.rows.end; tapRow++, to += columns * depth) {
        const from = first + channel * outputChannel + tapRow * row + part * inputChannel;
        if (run >= columns) {
          for (let tap = 0; tap < columns; tap++) {
            const at = from + tap * column;
            panels.packLeft(weights, at, at + next, inputChannel, to + tap * depth, 1, run);
          }
        } else {
          for (let input = 0; input < run; input++) {
            const at = from + input * inputChannel;
            panels.packLeft(weights, at, at + next, column, to + input, depth, columns);
          }
        }
      }
    }
  }
}

/** Adds what the packed taps contribute to the packed ones of `channels`: [unit][row][channel][3]. */
function multiplyStrips(
  sums: Float64Array,
  channels: Range,
  packed: Range,
  pixels: Pixels,
  taps: Taps,
  steps: Steps,
  inside: Range,
): void {
  const rowSize = rowSizeOf(taps);
  const stripSize = sizeOfRange(channels) * 3;
  let to = (packed.begin - channels.begin) * 3;
  for (let unit = 0; unit < sizeOfRange(pixels.columns) / 3; unit++) {
    for (let row = 0; row < pixels.rows; row++, to += stripSize) {
      // Kernel rows that lie in the padding are skipped, not multiplied by zeros.
      const top = row * steps.strip;
      const begin = Math.max(0, inside.begin - top);
      const end = Math.min(sizeOfRange(taps.rows), inside.end - top);
      const right = unit * steps.unit + (top + begin) * rowSize;
      panels.multiply((end - begin) * rowSize, begin * rowSize, depthOf(taps), sizeOfRange(packed), right, sums, to);
    }
  }
}

function writeOutput(
  output: FloatArray,
  sums: Float64Array,
  { outputWidth, output: to }: Correlation,
  group: number,
  channels: Range,
  pixels: Pixels,
  steps: Steps,
): void {
  const { begin, end } = pixels.columns;
  const stripSize = sizeOfRange(channels) * 3;
  const unitSize = pixels.rows * stripSize;
  const start = to.start + group * to.group + pixels.firstRow * to.row;
  const targets: number[] = [];
  for (let column = begin; column < end; column++) {
    targets.push(start + Math.floor(column / outputWidth) * to.image + (column % outputWidth) * to.column);
  }
  for (let channel = 0; channel < sizeOfRange(channels); channel++) {
    for (let row = 0; row < pixels.rows; row++) {
      const offset = (channels.begin + channel) * to.channel + row * steps.outputRow * to.row;
      let from = row * stripSize + channel * 3;
      let column = 0;
      for (; column + 2 < targets.length; column += 3, from += unitSize) {
        output[targets[column] + offset] = sums[from];
        output[targets[column + 1] + offset] = sums[from + 1];
        output[targets[column + 2] + offset] = sums[from + 2];
      }
      for (; column < targets.length; column++, from++) output[targets[column] + offset] = sums[from];
    }
  }
}
