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
import { cut, greatestCommonDivisor, insideRange, type Range, sizeOfRange } from "./arithmetic.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** The extents of a correlation; channel counts are per group. */
export interface Extents {
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
}

/** Where images lie in an array. */
export interface ImageStrides {
  readonly start: number;
  readonly image: number;
  readonly group: number;
  readonly channel: number;
  readonly row: number;
  readonly column: number;
}

/** Where weights lie in an array. */
export interface WeightStrides {
  readonly start: number;
  readonly group: number;
  readonly outputChannel: number;
  readonly inputChannel: number;
  readonly row: number;
  readonly column: number;
}

export interface Correlation extends Extents {
  readonly input: ImageStrides;
  readonly weights: WeightStrides;
  readonly output: ImageStrides;
}

/** Kernel taps whose pixels are in the right lanes at the same time. */
export interface Taps {
  readonly rows: Range;
  readonly columns: Range;
  readonly channels: Range;
}

/** Output pixels that are computed at the same time: some rows of a class, in some columns of the whole batch. */
export interface Pixels {
  readonly firstRow: number;
  readonly rows: number;
  readonly columns: Range;
}

/** Distances that follow from stride and dilation. */
export interface Steps {
  /** Between output rows of a class. */
  readonly outputRow: number;
  /** Between the input rows of a class. */
  readonly inputRow: number;
  /** Between the first taps of neighbouring output rows of a class, in input rows of the class. */
  readonly strip: number;
  /** Between units in the right lanes. */
  readonly unit: number;
}

/** Five lanes of this depth fit in a first-level cache of 32 kB. */
const DEPTH_BLOCK = 768;
const CHANNEL_BLOCK = 1024;
const SUMS = 1 << 18;
/** Shorter runs are packed along another axis. */
const SHORT_RUN = 8;
/** Channels packed of one unit before the next one's turn: the cache lines that they have in common wait for it. */
const CHANNEL_RUN = 64;

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

/**
 * The correlation of the same input with the output as weights, which gives the weights: images and channels exchange
 * their roles, as do kernel and output, and stride and dilation.
 */
export function exchangeRoles(shape: Correlation): Correlation {
  const { input, weights, output } = shape;
  return {
    ...shape,
    batch: shape.inputChannels,
    inputChannels: shape.batch,
    outputHeight: shape.kernelHeight,
    outputWidth: shape.kernelWidth,
    kernelHeight: shape.outputHeight,
    kernelWidth: shape.outputWidth,
    stride: shape.dilation,
    dilation: shape.stride,
    input: { ...input, image: input.channel, channel: input.image },
    weights: { ...output, outputChannel: output.channel, inputChannel: output.image },
    output: { ...weights, image: weights.inputChannel, channel: weights.outputChannel },
  };
}

export function cutTaps(
  { kernelHeight, kernelWidth, inputChannels }: Extents,
  depth: number = DEPTH_BLOCK,
  channelLimit: number = depth,
): Taps[] {
  const columnBlocks = cut(kernelWidth, depth);
  const columnLimit = depth / Math.max(1, ...columnBlocks.map(sizeOfRange));
  const rowBlocks = cut(kernelHeight, Math.floor(columnLimit));
  const rowLimit = columnLimit / Math.max(1, ...rowBlocks.map(sizeOfRange));
  const channelBlocks = cut(inputChannels, Math.min(channelLimit, Math.floor(rowLimit)));
  return rowBlocks.flatMap((rows) =>
    columnBlocks.flatMap((columns) => channelBlocks.map((channels) => ({ rows, columns, channels }))),
  );
}

function rowSizeOf({ columns, channels }: Taps): number {
  return sizeOfRange(columns) * sizeOfRange(channels);
}

export function depthOf(taps: Taps): number {
  return sizeOfRange(taps.rows) * rowSizeOf(taps);
}

export function cutPixels(shape: Extents, tapBlocks: readonly Taps[]): { pixelBlocks: Pixels[]; steps: Steps } {
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
  const sums = longest * Math.min(CHANNEL_BLOCK, outputChannels) * 3;
  const columnLimit = 3 * Math.max(1, Math.floor(Math.min(RIGHT_CAPACITY / unit, SUMS / sums)));
  const total = shape.batch * shape.outputWidth;
  const pixelBlocks: Pixels[] = [];
  for (let first = 0; first < Math.min(outputRow, outputHeight); first++) {
    for (const { begin, end } of cut(Math.ceil((outputHeight - first) / outputRow), rowLimit)) {
      for (let column = 0; column < total; column += columnLimit) {
        const columns = { begin: column, end: Math.min(total, column + columnLimit) };
        pixelBlocks.push({ firstRow: first + begin * outputRow, rows: end - begin, columns });
      }
    }
  }
  return { pixelBlocks, steps: { outputRow, inputRow, strip, unit } };
}

/**
 * Fills the right lanes: within a unit by input row, then kernel column, then channel. Rows in the padding are left
 * out; the result is the range of the others.
 */
export function packInput(
  input: FloatArray,
  shape: Correlation,
  group: number,
  pixels: Pixels,
  taps: Taps,
  steps: Steps,
): Range {
  const { outputWidth, input: from } = shape;
  const channels = sizeOfRange(taps.channels);
  const rowSize = rowSizeOf(taps);
  const rowStep = steps.inputRow * from.row;
  const firstRow = pixels.firstRow * shape.stride[0] - shape.top + taps.rows.begin * steps.inputRow;
  const count = (pixels.rows - 1) * steps.strip + sizeOfRange(taps.rows);
  const inside = insideRange(firstRow, steps.inputRow, count, shape.inputHeight);
  const rows = sizeOfRange(inside);
  const start =
    from.start +
    group * from.group +
    taps.channels.begin * from.channel +
    (firstRow + inside.begin * steps.inputRow) * from.row;
  const unit: Unit = { starts: [0, 0, 0], columns: [0, 0, 0], rows, rowStep };
  for (let part = 0; part < channels; part += CHANNEL_RUN) {
    const run = Math.min(CHANNEL_RUN, channels - part);
    let to = inside.begin * rowSize + part;
    for (let first = pixels.columns.begin; first < pixels.columns.end; first += 3, to += steps.unit) {
      for (let lane = 0; lane < 3; lane++) {
        // The last column is repeated to fill its unit; results go unread.
        const column = Math.min(first + lane, pixels.columns.end - 1);
        unit.starts[lane] = start + Math.floor(column / outputWidth) * from.image + part * from.channel;
        unit.columns[lane] = (column % outputWidth) * shape.stride[1] - shape.left;
      }
      packUnit(input, shape, unit, taps, run, to);
    }
  }
  return inside;
}

/** For each lane of a unit, where its image starts and the column that its first tap meets; and how many rows there are. */
interface Unit {
  readonly starts: [number, number, number];
  readonly columns: [number, number, number];
  readonly rows: number;
  /** Distance between rows in the input. */
  readonly rowStep: number;
}

function packUnit(input: FloatArray, shape: Correlation, unit: Unit, taps: Taps, run: number, to: number): void {
  const { columns, rows, rowStep } = unit;
  const { channel: channelStride, column: columnStride } = shape.input;
  const dilation = shape.dilation[1];
  const channels = sizeOfRange(taps.channels);
  const rowSize = rowSizeOf(taps);
  // Taps that no lane finds in the padding can be packed in one run, which pays where there are few channels.
  let begin = Math.max(taps.columns.begin, Math.ceil(-Math.min(columns[0], columns[1], columns[2]) / dilation));
  let end = Math.min(
    taps.columns.end,
    Math.ceil((shape.inputWidth - Math.max(columns[0], columns[1], columns[2])) / dilation),
  );
  if (run >= SHORT_RUN || end - begin < SHORT_RUN) begin = end = taps.columns.end;
  for (let tap = taps.columns.begin; tap < begin; tap++, to += channels)
    packTap(input, shape, unit, tap, run, rowSize, to);
  if (begin < end) {
    const from0 = unit.starts[0] + (columns[0] + begin * dilation) * columnStride;
    const from1 = unit.starts[1] + (columns[1] + begin * dilation) * columnStride;
    const from2 = unit.starts[2] + (columns[2] + begin * dilation) * columnStride;
    const step = dilation * columnStride;
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < run; channel++) {
        const at = row * rowStep + channel * channelStride;
        const target = to + row * rowSize + channel;
        panels.packRight(input, from0 + at, from1 + at, from2 + at, step, target, channels, end - begin);
      }
    }
    to += (end - begin) * channels;
  }
  for (let tap = end; tap < taps.columns.end; tap++, to += channels) packTap(input, shape, unit, tap, run, rowSize, to);
}

/** Packs what one kernel column meets. */
function packTap(
  input: FloatArray,
  shape: Correlation,
  { starts, columns, rows, rowStep }: Unit,
  tap: number,
  run: number,
  rowSize: number,
  to: number,
): void {
  const { inputWidth, input: from } = shape;
  const shift = tap * shape.dilation[1];
  const column0 = columns[0] + shift;
  const column1 = columns[1] + shift;
  const column2 = columns[2] + shift;
  // Columns in the padding are read from the nearest pixel, and zeroed afterwards.
  const from0 = starts[0] + clamp(column0, inputWidth) * from.column;
  const from1 = starts[1] + clamp(column1, inputWidth) * from.column;
  const from2 = starts[2] + clamp(column2, inputWidth) * from.column;
  if (run >= SHORT_RUN) {
    for (let row = 0, at = 0; row < rows; row++, at += rowStep) {
      panels.packRight(input, from0 + at, from1 + at, from2 + at, from.channel, to + row * rowSize, 1, run);
    }
  } else {
    for (let channel = 0, at = 0; channel < run; channel++, at += from.channel) {
      panels.packRight(input, from0 + at, from1 + at, from2 + at, rowStep, to + channel, rowSize, rows);
    }
  }
  if (column0 < 0 || column0 >= inputWidth) clear(panels.right[0], to, rows, rowSize, run);
  if (column1 < 0 || column1 >= inputWidth) clear(panels.right[1], to, rows, rowSize, run);
  if (column2 < 0 || column2 >= inputWidth) clear(panels.right[2], to, rows, rowSize, run);
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
