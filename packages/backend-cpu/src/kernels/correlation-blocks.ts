/** How the taps and the pixels of a correlation are cut into blocks that fit the panels. */
import { cut, greatestCommonDivisor, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Extents } from "./correlation-shape.ts";
import { RIGHT_CAPACITY } from "./panels.ts";

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
/** Most output channels that are computed at a time. */
export const CHANNEL_BLOCK = 1024;
/** Most sums that are kept at a time, if one unit does not have more. */
const SUMS = 1 << 18;

/** Blocks of at most `depth` taps: whole kernel rows, and as many channels of them as fit. */
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

export function rowSizeOf({ columns, channels }: Taps): number {
  return sizeOfRange(columns) * sizeOfRange(channels);
}

export function depthOf(taps: Taps): number {
  return sizeOfRange(taps.rows) * rowSizeOf(taps);
}

/** Blocks of output pixels whose input fits in the right lanes with any of the blocks of taps. */
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
