/**
 * Tiles of Winograd's minimal filtering F(4x4, 3x3), which `winograd.ts` describes: 6 by 6 input pixels for 4 by 4 output
 * pixels, tiles of neighbouring outputs overlapping by two input pixels. Tiles are counted over images, rows and columns.
 */
import { insideRange } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { createScratch } from "./scratch.ts";

/** Elements of a transformed tile or kernel. */
export const ELEMENTS = 36;
/** Keeps the 36 places of one tile, which lie far apart, out of the same cache set. */
export const PADDING = 8;

const stripScratch = /* @__PURE__ */ createScratch();

/** What input and gradients have in common; channel counts are per group. */
export type TiledShape = Pick<
  Correlation,
  | "batch"
  | "groups"
  | "inputChannels"
  | "inputHeight"
  | "inputWidth"
  | "outputChannels"
  | "outputHeight"
  | "outputWidth"
  | "kernelHeight"
  | "kernelWidth"
  | "stride"
  | "dilation"
  | "top"
  | "left"
>;

/** Some tiles from `first` on, and some channels of a group. */
export interface TileBlock {
  readonly group: number;
  readonly first: number;
  readonly count: number;
  readonly channel: number;
  readonly channels: number;
}

export interface TileCount {
  readonly rows: number;
  readonly columns: number;
  readonly total: number;
}

export function countTiles(shape: TiledShape): TileCount {
  const rows = Math.ceil(shape.outputHeight / 4),
    columns = Math.ceil(shape.outputWidth / 4);
  return { rows, columns, total: shape.batch * rows * columns };
}

/** Whether tiles can do the job, and take fewer operations than sums over the kernel: 50 a tile and 480 a kernel, roughly. */
export function suitsTiles(result: FloatArray, shape: TiledShape): boolean {
  const { batch, kernelHeight, kernelWidth, stride, dilation, outputHeight, outputWidth } = shape;
  return (
    result instanceof Float32Array &&
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    stride[0] * stride[1] * dilation[0] * dilation[1] === 1 &&
    Math.min(shape.inputChannels, shape.outputChannels) >= 16 &&
    50 * countTiles(shape).total + 480 < 27 * batch * outputHeight * Math.ceil(outputWidth / 3)
  );
}

/**
 * For each element, adds to `sums`, [element][triple][left row][3], the product of the transformed left and right
 * operands, [lane][element][strip][depth]. As many elements as fit are brought into the panels at once.
 */
export function multiplyElements(
  depth: number,
  rows: number,
  triples: number,
  left: Float64Array,
  right: Float64Array,
  sums: Float64Array,
): void {
  const leftSize = Math.ceil(rows / 2) * depth + PADDING,
    rightSize = triples * depth + PADDING;
  const sumsSize = rows * triples * 3 + PADDING;
  const chunk = Math.floor(Math.min(LEFT_CAPACITY / leftSize, RIGHT_CAPACITY / rightSize));
  for (let first = 0; first < ELEMENTS; first += chunk) {
    const count = Math.min(chunk, ELEMENTS - first);
    panels.left.forEach((lane, index) => {
      const from = (index * ELEMENTS + first) * leftSize;
      lane.set(left.subarray(from, from + count * leftSize));
    });
    panels.right.forEach((lane, index) => {
      const from = (index * ELEMENTS + first) * rightSize;
      lane.set(right.subarray(from, from + count * rightSize));
    });
    for (let element = 0; element < count; element++) {
      for (let triple = 0; triple < triples; triple++) {
        panels.multiply(
          depth,
          element * leftSize,
          depth,
          rows,
          element * rightSize + triple * depth,
          sums,
          (first + element) * sumsSize + triple * rows * 3,
        );
      }
    }
  }
}

/**
 * Transforms input tiles for the right lanes, [lane][element][...]: three tiles at a time as [triple][channel], or three
 * channels at a time as [triple][tile].
 */
export function transformTiles(
  target: Float64Array,
  input: FloatArray,
  shape: TiledShape,
  block: TileBlock,
  lanesAre: "tiles" | "channels",
): void {
  const { groups, inputChannels, inputHeight, inputWidth } = shape;
  const { first, count, channel, channels } = block;
  const tiles = countTiles(shape);
  const byTiles = lanesAre === "tiles";
  const element = (byTiles ? Math.ceil(count / 3) * channels : Math.ceil(channels / 3) * count) + PADDING;
  const stripWidth = 4 * count + 2;
  const strip = stripScratch(6 * stripWidth);
  for (let begin = 0; begin < count; ) {
    const tileColumn = (first + begin) % tiles.columns;
    const tileRow = Math.floor((first + begin) / tiles.columns) % tiles.rows;
    const image = Math.floor((first + begin) / (tiles.columns * tiles.rows));
    const end = Math.min(count, begin + tiles.columns - tileColumn);
    const width = 4 * (end - begin) + 2;
    const firstRow = 4 * tileRow - shape.top,
      firstColumn = 4 * tileColumn - shape.left;
    const rows = insideRange(firstRow, 1, 6, inputHeight),
      columns = insideRange(firstColumn, 1, width, inputWidth);
    for (let index = 0; index < channels; index++) {
      const plane = ((image * groups + block.group) * inputChannels + channel + index) * inputHeight * inputWidth;
      const start = plane + firstRow * inputWidth + firstColumn;
      // Down the columns first, which neighbouring tiles share.
      if (columns.begin > 0 || columns.end < width) strip.fill(0, 0, 6 * stripWidth);
      for (let x = columns.begin; x < columns.end; x++) {
        const from = start + x;
        const d0 = rows.begin > 0 || rows.end < 1 ? 0 : input[from];
        const d1 = rows.begin > 1 || rows.end < 2 ? 0 : input[from + inputWidth];
        const d2 = rows.begin > 2 || rows.end < 3 ? 0 : input[from + 2 * inputWidth];
        const d3 = rows.begin > 3 || rows.end < 4 ? 0 : input[from + 3 * inputWidth];
        const d4 = rows.begin > 4 || rows.end < 5 ? 0 : input[from + 4 * inputWidth];
        const d5 = rows.begin > 5 || rows.end < 6 ? 0 : input[from + 5 * inputWidth];
        transformPixels(strip, x, stripWidth, d0, d1, d2, d3, d4, d5);
      }
      for (let position = begin; position < end; position++) {
        let to = byTiles
          ? (position % 3) * ELEMENTS * element + Math.floor(position / 3) * channels + index
          : (index % 3) * ELEMENTS * element + Math.floor(index / 3) * count + position;
        const left = 4 * (position - begin);
        for (let from = left; from < left + 6 * stripWidth; from += stripWidth, to += 6 * element) {
          transformPixels(
            target,
            to,
            element,
            strip[from],
            strip[from + 1],
            strip[from + 2],
            strip[from + 3],
            strip[from + 4],
            strip[from + 5],
          );
        }
      }
    }
    begin = end;
  }
}

function transformPixels(
  target: Float64Array,
  to: number,
  step: number,
  d0: number,
  d1: number,
  d2: number,
  d3: number,
  d4: number,
  d5: number,
): void {
  const even = d4 - 4 * d2,
    odd = d3 - 4 * d1,
    wideEven = d4 - d2,
    wideOdd = 2 * (d3 - d1);
  target[to] = 4 * (d0 - d2) + wideEven;
  target[to + step] = even + odd;
  target[to + 2 * step] = even - odd;
  target[to + 3 * step] = wideEven + wideOdd;
  target[to + 4 * step] = wideEven - wideOdd;
  target[to + 5 * step] = d5 - d3 - 2 * wideOdd;
}
