/**
 * The sliding product under convolution and its input gradient: every output pixel is the sum, over input channels and
 * kernel taps, of an input pixel times a weight.
 *
 * It is a matrix product [output channels, taps] x [taps, pixels] whose right matrix is never made in full. A right
 * strip is three neighbouring output columns, a *unit*; its lanes hold, for each input row, the pixels under those columns
 * for each kernel column and channel. Ordered so, the taps of one output row are consecutive, and those of the row
 * below are the same lane a few rows on: each pixel is packed once per kernel column, not once per tap as in im2col.
 *
 * Rows with dilation fall into classes that do not share input rows; each class is an undilated problem on every
 * `dilation`-th row. Weights and output are addressed by strides, so that the input gradient can flip and transpose
 * the former and visit every `stride`-th element of the latter.
 */
import { cut, greatestCommonDivisor, insideRange, type Range, sizeOfRange } from "./arithmetic.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** The extents of a correlation, and where it finds things. Channel counts are per group. */
export interface Correlation {
  readonly batch: number;
  readonly groups: number;
  readonly inputChannels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputChannels: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Rows above and columns to the left of the input that count as zero; negative where the input is cropped. */
  readonly top: number;
  readonly left: number;
  readonly weights: {
    readonly start: number;
    readonly group: number;
    readonly outputChannel: number;
    readonly inputChannel: number;
    readonly row: number;
    readonly column: number;
  };
  /** A group's channels follow those of the group before. */
  readonly output: {
    readonly start: number;
    readonly image: number;
    readonly channel: number;
    readonly row: number;
    readonly column: number;
  };
}

/** Kernel taps whose pixels are in the right lanes at the same time. */
interface Taps {
  readonly rows: Range;
  readonly columns: Range;
  readonly channels: Range;
}

/** Output pixels that are computed at the same time: some rows of a class, in some units of the whole batch. */
interface Pixels {
  readonly firstRow: number;
  readonly rows: number;
  readonly units: Range;
}

/** Distances that follow from stride and dilation. */
interface Steps {
  /** Between output rows of a class. */
  readonly outputRow: number;
  /** Between the input rows of a class. */
  readonly inputRow: number;
  /** Between the first taps of neighbouring output rows of a class, in input rows of the class. */
  readonly strip: number;
  /** Between units in the right lanes. */
  readonly unit: number;
}

/** Three lanes of this depth and two of the left operand fit in a first-level cache. */
const DEPTH_BLOCK = 768;
const SUMS = 1 << 18;

/** Writes all outputs that `shape` addresses. */
export function correlate(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const { batch, outputChannels, outputHeight, outputWidth } = shape;
  if (batch * outputChannels * outputHeight * outputWidth === 0) return;
  const tapBlocks = cutTaps(shape);
  const depth = Math.max(1, ...tapBlocks.map(depthOf));
  const channelBlocks = cut(outputChannels, 2 * Math.floor(LEFT_CAPACITY / depth));
  const weightsStay = tapBlocks.length === 1 && channelBlocks.length === 1;
  const { pixelBlocks, steps } = cutPixels(shape, tapBlocks);
  for (let group = 0; group < shape.groups; group++) {
    let packed = false;
    for (const pixels of pixelBlocks) {
      const sums = zeroedSums(sizeOfRange(pixels.units) * pixels.rows * outputChannels * 3);
      for (const taps of tapBlocks) {
        const inside = packInput(input, shape, group, pixels, taps, steps);
        for (const channels of channelBlocks) {
          if (!packed) packWeights(weights, shape, group, channels, taps);
          packed = weightsStay;
          multiplyStrips(sums, shape, channels, pixels, taps, steps, inside);
        }
      }
      writeOutput(output, sums, shape, group, pixels, steps);
    }
  }
}

function cutTaps({ kernelHeight, kernelWidth, inputChannels }: Correlation): Taps[] {
  const columnBlocks = cut(kernelWidth, DEPTH_BLOCK);
  const columnLimit = DEPTH_BLOCK / Math.max(1, ...columnBlocks.map(sizeOfRange));
  const rowBlocks = cut(kernelHeight, Math.floor(columnLimit));
  const rowLimit = columnLimit / Math.max(1, ...rowBlocks.map(sizeOfRange));
  const channelBlocks = cut(inputChannels, Math.floor(rowLimit));
  return rowBlocks.flatMap((rows) =>
    columnBlocks.flatMap((columns) => channelBlocks.map((channels) => ({ rows, columns, channels }))),
  );
}

function rowSizeOf({ columns, channels }: Taps): number {
  return sizeOfRange(columns) * sizeOfRange(channels);
}

function depthOf(taps: Taps): number {
  return sizeOfRange(taps.rows) * rowSizeOf(taps);
}

function cutPixels(shape: Correlation, tapBlocks: readonly Taps[]): { pixelBlocks: Pixels[]; steps: Steps } {
  const { outputHeight, outputChannels } = shape;
  const strideHeight = shape.stride[0];
  // With a single kernel row, rows between those at the stride are not needed; as a dilation it passes them over.
  const inputRow = shape.kernelHeight === 1 ? strideHeight : shape.dilation[0];
  const common = greatestCommonDivisor(strideHeight, inputRow);
  const outputRow = inputRow / common;
  const strip = strideHeight / common;
  const tapRows = Math.max(0, ...tapBlocks.map(({ rows }) => sizeOfRange(rows)));
  const rowSize = Math.max(1, ...tapBlocks.map(rowSizeOf));
  const rowLimit = Math.floor((RIGHT_CAPACITY / rowSize - tapRows) / strip) + 1;
  const longest = Math.max(1, ...cut(Math.ceil(outputHeight / outputRow), rowLimit).map(sizeOfRange));
  const unit = ((longest - 1) * strip + tapRows) * rowSize;
  const unitLimit = Math.min(Math.floor(RIGHT_CAPACITY / unit), Math.floor(SUMS / (longest * outputChannels * 3)));
  const unitBlocks = cut(shape.batch * unitsPerImage(shape), unitLimit);
  const pixelBlocks: Pixels[] = [];
  for (let first = 0; first < Math.min(outputRow, outputHeight); first++) {
    for (const rows of cut(Math.ceil((outputHeight - first) / outputRow), rowLimit)) {
      for (const units of unitBlocks) {
        pixelBlocks.push({ firstRow: first + rows.begin * outputRow, rows: sizeOfRange(rows), units });
      }
    }
  }
  return { pixelBlocks, steps: { outputRow, inputRow, strip, unit } };
}

function unitsPerImage({ outputWidth }: Correlation): number {
  return Math.ceil(outputWidth / 3);
}

/**
 * Fills the right lanes: within a unit by input row, then kernel column, then channel. Rows in the padding are left
 * out; the result is the range of the others.
 */
function packInput(
  input: FloatArray,
  shape: Correlation,
  group: number,
  pixels: Pixels,
  taps: Taps,
  steps: Steps,
): Range {
  const { inputChannels, inputHeight, inputWidth, outputWidth } = shape;
  const strideWidth = shape.stride[1];
  const plane = inputHeight * inputWidth;
  const channels = sizeOfRange(taps.channels);
  const rowSize = rowSizeOf(taps);
  const rowStep = steps.inputRow * inputWidth;
  const firstRow = pixels.firstRow * shape.stride[0] - shape.top + taps.rows.begin * steps.inputRow;
  const count = (pixels.rows - 1) * steps.strip + sizeOfRange(taps.rows);
  const inside = insideRange(firstRow, steps.inputRow, count, inputHeight);
  const rows = sizeOfRange(inside);
  for (let unit = pixels.units.begin; unit < pixels.units.end; unit++) {
    const image = Math.floor(unit / unitsPerImage(shape));
    const outputColumn = (unit % unitsPerImage(shape)) * 3;
    const start =
      ((image * shape.groups + group) * inputChannels + taps.channels.begin) * plane +
      (firstRow + inside.begin * steps.inputRow) * inputWidth;
    // Of a unit that reaches over the edge, results go unread.
    const step1 = outputColumn + 1 < outputWidth ? strideWidth : 0;
    const step2 = outputColumn + 2 < outputWidth ? 2 * strideWidth : 0;
    let to = (unit - pixels.units.begin) * steps.unit + inside.begin * rowSize;
    for (let tap = taps.columns.begin; tap < taps.columns.end; tap++, to += channels) {
      const column0 = outputColumn * strideWidth + tap * shape.dilation[1] - shape.left;
      const column1 = column0 + step1;
      const column2 = column0 + step2;
      // Columns in the padding are read from the nearest pixel, and zeroed afterwards.
      const from0 = start + clamp(column0, inputWidth);
      const from1 = start + clamp(column1, inputWidth);
      const from2 = start + clamp(column2, inputWidth);
      if (channels >= 8) {
        for (let row = 0; row < rows; row++) {
          const at = row * rowStep;
          panels.packRight(input, from0 + at, from1 + at, from2 + at, plane, to + row * rowSize, 1, channels);
        }
      } else {
        for (let channel = 0; channel < channels; channel++) {
          const at = channel * plane;
          panels.packRight(input, from0 + at, from1 + at, from2 + at, rowStep, to + channel, rowSize, rows);
        }
      }
      if (column0 < 0 || column0 >= inputWidth) clear(panels.right[0], to, rows, rowSize, channels);
      if (column1 < 0 || column1 >= inputWidth) clear(panels.right[1], to, rows, rowSize, channels);
      if (column2 < 0 || column2 >= inputWidth) clear(panels.right[2], to, rows, rowSize, channels);
    }
  }
  return inside;
}

function clamp(column: number, width: number): number {
  return Math.max(0, Math.min(column, width - 1));
}

function clear(lane: Float64Array, start: number, rows: number, rowSize: number, channels: number): void {
  for (let row = 0; row < rows; row++, start += rowSize) {
    for (let to = start; to < start + channels; to++) lane[to] = 0;
  }
}

/** Fills the left lanes with some output channels, in the tap order of `packInput`. */
function packWeights(weights: FloatArray, shape: Correlation, group: number, channels: Range, taps: Taps): void {
  const { start, group: groupStride, outputChannel, inputChannel, row, column } = shape.weights;
  const first = start + group * groupStride + taps.channels.begin * inputChannel;
  const count = sizeOfRange(taps.channels);
  let to = 0;
  for (let channel = channels.begin; channel < channels.end; channel += 2) {
    const next = channel + 1 < channels.end ? outputChannel : 0;
    for (let tapRow = taps.rows.begin; tapRow < taps.rows.end; tapRow++) {
      for (let tapColumn = taps.columns.begin; tapColumn < taps.columns.end; tapColumn++, to += count) {
        const from = first + channel * outputChannel + tapRow * row + tapColumn * column;
        panels.packLeft(weights, from, from + next, inputChannel, to, count);
      }
    }
  }
}

/** Adds what the packed taps contribute to the packed output channels, [unit][row][channel][3]. */
function multiplyStrips(
  sums: Float64Array,
  shape: Correlation,
  channels: Range,
  pixels: Pixels,
  taps: Taps,
  steps: Steps,
  inside: Range,
): void {
  const rowSize = rowSizeOf(taps);
  let to = channels.begin * 3;
  for (let unit = 0; unit < sizeOfRange(pixels.units); unit++) {
    for (let row = 0; row < pixels.rows; row++, to += shape.outputChannels * 3) {
      // Kernel rows that lie in the padding are skipped, not multiplied by zeros.
      const top = row * steps.strip;
      const begin = Math.max(0, inside.begin - top);
      const end = Math.min(sizeOfRange(taps.rows), inside.end - top);
      panels.multiply(
        (end - begin) * rowSize,
        begin * rowSize,
        depthOf(taps),
        sizeOfRange(channels),
        unit * steps.unit + (top + begin) * rowSize,
        sums,
        to,
      );
    }
  }
}

function writeOutput(
  output: FloatArray,
  sums: Float64Array,
  shape: Correlation,
  group: number,
  pixels: Pixels,
  steps: Steps,
): void {
  const { outputChannels, outputWidth } = shape;
  const { start, image: imageStride, channel: channelStride, row: rowStride, column: columnStride } = shape.output;
  let unitStart = 0;
  for (let unit = pixels.units.begin; unit < pixels.units.end; unit++, unitStart += pixels.rows * outputChannels * 3) {
    const image = Math.floor(unit / unitsPerImage(shape));
    const column = (unit % unitsPerImage(shape)) * 3;
    const columns = outputWidth - column;
    const first = start + image * imageStride + pixels.firstRow * rowStride + column * columnStride;
    for (let channel = 0; channel < outputChannels; channel++) {
      let from = unitStart + channel * 3;
      let to = first + (group * outputChannels + channel) * channelStride;
      for (let row = 0; row < pixels.rows; row++, from += outputChannels * 3, to += steps.outputRow * rowStride) {
        output[to] = sums[from];
        if (columns > 1) output[to + columnStride] = sums[from + 1];
        if (columns > 2) output[to + 2 * columnStride] = sums[from + 2];
      }
    }
  }
}
