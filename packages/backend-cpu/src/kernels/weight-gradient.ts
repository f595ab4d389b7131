/**
 * The weight gradient of a convolution: for every weight, the sum over images and pixels of the output gradient times
 * the input pixel that the weight met.
 *
 * As a matrix product [output channels, pixels] x [pixels, taps], a left lane is a channel of the output gradient as it
 * lies in memory, and a right strip is three (input channel, kernel column) pairs, a *unit*: the input rows, shifted by the
 * column. Kernel rows are not packed: theirs is the same lane, read some rows further on. With a stride, kernel rows fall
 * into classes that see different input rows; each class is packed in its turn.
 */
import { cut, greatestCommonDivisor, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import { type InputRows, packInputRows, rowsOf } from "./input-rows.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Extents of the convolution; channel counts are per group. */
export type WeightGradient = Omit<Correlation, "weights" | "output">;

/** A rectangle of output pixels, in several images only if it covers them whole. */
interface Pixels {
  readonly images: Range;
  readonly rows: Range;
  readonly columns: Range;
}

const DEPTH_BLOCK = 768;
const SUMS = 1 << 18;

/** Writes `weightGradient`, [groups * output channels, input channels, kernel height, kernel width]. */
export function correlateWeights(
  weightGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  shape: WeightGradient,
): void {
  const { inputChannels, outputChannels, kernelHeight, kernelWidth, stride, dilation } = shape;
  const common = greatestCommonDivisor(stride[0], dilation[0]);
  const classes = Math.min(kernelHeight, stride[0] / common);
  const tapStep = dilation[0] / common;
  // Rows of a class that lie beyond those of its first tap.
  const extraRows = (Math.ceil(kernelHeight / classes) - 1) * tapStep;
  const pixelBlocks = cutPixels(shape, extraRows);
  const unitSize = Math.max(1, ...pixelBlocks.map((pixels) => sizeOf(pixels, extraRows)));
  const depth = Math.max(1, ...pixelBlocks.map((pixels) => sizeOf(pixels, 0)));
  const channelBlocks = cut(outputChannels, 2 * Math.floor(LEFT_CAPACITY / depth));
  const unitLimit = Math.min(
    Math.floor(RIGHT_CAPACITY / unitSize),
    Math.floor(SUMS / (kernelHeight * outputChannels * 3)),
  );
  const unitBlocks = cut(Math.ceil((inputChannels * kernelWidth) / 3), unitLimit);
  for (let group = 0; group < shape.groups; group++) {
    for (const units of unitBlocks) {
      const sums = zeroedSums(sizeOfRange(units) * kernelHeight * outputChannels * 3);
      for (const pixels of pixelBlocks) {
        for (let tapClass = 0; tapClass < classes; tapClass++) {
          const firstRow = pixels.rows.begin * stride[0] + tapClass * dilation[0] - shape.top;
          const rows = rowsOf(shape, firstRow, stride[0], sizeOfRange(pixels.rows) + extraRows);
          packInput(input, shape, group, pixels, units, unitSize, rows);
          for (const channels of channelBlocks) {
            if (tapClass === 0 || channelBlocks.length > 1) {
              packOutputGradient(outputGradient, shape, group, pixels, channels);
            }
            for (let unit = 0; unit < sizeOfRange(units); unit++) {
              for (let tap = tapClass, step = 0; tap < kernelHeight; tap += classes, step += tapStep) {
                const right = unit * unitSize + step * sizeOfRange(pixels.columns);
                const to = (unit * kernelHeight + tap) * outputChannels + channels.begin;
                multiplyStrip(sums, to * 3, sizeOfRange(channels), pixels, rows, step, right);
              }
            }
          }
        }
      }
      writeWeights(weightGradient, sums, shape, group, units);
    }
  }
}

/** `extraRows` are packed beyond those of a block. */
function cutPixels(shape: WeightGradient, extraRows: number): Pixels[] {
  const { batch, outputHeight, outputWidth } = shape;
  const columnBlocks = cut(outputWidth, Math.min(DEPTH_BLOCK, Math.floor(RIGHT_CAPACITY / (extraRows + 1))));
  const rowBlocks = cut(outputHeight, Math.floor(DEPTH_BLOCK / Math.max(1, ...columnBlocks.map(sizeOfRange))));
  // Images can follow each other only if no kernel row has to look beyond their last row.
  const imageBlocks = cut(batch, shape.kernelHeight > 1 ? 1 : Math.floor(DEPTH_BLOCK / (outputHeight * outputWidth)));
  return imageBlocks.flatMap((images) =>
    rowBlocks.flatMap((rows) => columnBlocks.map((columns) => ({ images, rows, columns }))),
  );
}

function sizeOf({ images, rows, columns }: Pixels, extraRows: number): number {
  return sizeOfRange(images) * (sizeOfRange(rows) + extraRows) * sizeOfRange(columns);
}

/** Fills the left lanes with some channels of the group. */
function packOutputGradient(
  outputGradient: FloatArray,
  shape: WeightGradient,
  group: number,
  pixels: Pixels,
  channels: Range,
): void {
  const { groups, outputChannels, outputHeight, outputWidth } = shape;
  const { images, rows, columns } = pixels;
  const plane = outputHeight * outputWidth;
  const contiguous = sizeOfRange(columns) === outputWidth;
  const runs = contiguous ? 1 : sizeOfRange(rows);
  const length = (sizeOfRange(rows) * sizeOfRange(columns)) / runs;
  let to = 0;
  for (let channel = channels.begin; channel < channels.end; channel += 2) {
    const next = channel + 1 < channels.end ? plane : 0;
    for (let image = images.begin; image < images.end; image++) {
      const channelStart = ((image * groups + group) * outputChannels + channel) * plane;
      let from = channelStart + rows.begin * outputWidth + columns.begin;
      for (let run = 0; run < runs; run++, from += outputWidth, to += length) {
        panels.packLeft(outputGradient, from, from + next, 1, to, length);
      }
    }
  }
}

/** Fills the right lanes with the input rows that the first kernel row of a class sees, and those below. */
function packInput(
  input: FloatArray,
  shape: WeightGradient,
  group: number,
  pixels: Pixels,
  units: Range,
  unitSize: number,
  rows: InputRows,
): void {
  const { groups, inputChannels, kernelWidth, stride } = shape;
  const plane = shape.inputHeight * shape.inputWidth;
  const columns = sizeOfRange(pixels.columns);
  const last = inputChannels * kernelWidth - 1;
  for (let unit = units.begin; unit < units.end; unit++) {
    // Pairs beyond the last repeat it; their results go unread.
    const pairs = [unit * 3, Math.min(unit * 3 + 1, last), Math.min(unit * 3 + 2, last)];
    const inputColumns = pairs.map(
      (pair) => pixels.columns.begin * stride[1] + (pair % kernelWidth) * shape.dilation[1] - shape.left,
    );
    let to = (unit - units.begin) * unitSize;
    for (let image = pixels.images.begin; image < pixels.images.end; image++, to += rows.count * columns) {
      const channel = (image * groups + group) * inputChannels;
      const planes = pairs.map((pair) => (channel + Math.floor(pair / kernelWidth)) * plane);
      packInputRows(input, planes, inputColumns, stride[1], columns, rows, to);
    }
  }
}

/** Adds what the packed pixels contribute to a kernel row: that which sees the packed input rows from `step` on. */
function multiplyStrip(
  sums: Float64Array,
  to: number,
  channels: number,
  pixels: Pixels,
  { inside }: InputRows,
  step: number,
  right: number,
): void {
  const rows = sizeOfRange(pixels.images) * sizeOfRange(pixels.rows);
  const columns = sizeOfRange(pixels.columns);
  // Output rows that this kernel row moves into the padding are skipped. Several images are taken whole.
  const whole = sizeOfRange(pixels.images) > 1;
  const begin = whole ? 0 : Math.max(0, inside.begin - step);
  const end = whole ? rows : Math.min(rows, inside.end - step);
  const skipped = begin * columns;
  panels.multiply((end - begin) * columns, skipped, rows * columns, channels, right + skipped, sums, to);
}

/** Sums, [unit][kernel row][output channel][3], to weights. */
function writeWeights(
  weightGradient: FloatArray,
  sums: Float64Array,
  shape: WeightGradient,
  group: number,
  units: Range,
): void {
  const { inputChannels, outputChannels, kernelHeight, kernelWidth } = shape;
  const kernel = kernelHeight * kernelWidth;
  const groupStart = group * outputChannels * inputChannels * kernel;
  for (let pair = units.begin * 3; pair < Math.min(inputChannels * kernelWidth, units.end * 3); pair++) {
    const start = groupStart + Math.floor(pair / kernelWidth) * kernel + (pair % kernelWidth);
    const unitStart = (Math.floor(pair / 3) - units.begin) * kernelHeight * outputChannels * 3 + (pair % 3);
    for (let tap = 0; tap < kernelHeight; tap++) {
      const from = unitStart + tap * outputChannels * 3;
      const to = start + tap * kernelWidth;
      for (let channel = 0; channel < outputChannels; channel++) {
        weightGradient[to + channel * inputChannels * kernel] = sums[from + channel * 3];
      }
    }
  }
}
