/**
 * Tiles of Winograd's minimal filtering F(4x4, 3x3), which `winograd.ts` describes: 6 by 6 input pixels for 4 by 4 output
 * pixels, tiles of neighbouring outputs overlapping by two input pixels. Tiles are counted over images, rows and columns.
 */
import { insideRange, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Extents } from "./correlation-shape.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { createScratch } from "./scratch.ts";

/** Elements of a transformed tile or kernel. */
export const ELEMENTS = 36;
/** Keeps the 36 places of one tile, which lie far apart, out of the same cache set. */
export const PADDING = 8;

const stripScratch = /* @__PURE__ */ createScratch();

/** Some tiles, and some channels of a group. */
export interface TileBlock {
  readonly group: number;
  readonly tiles: Range;
  readonly channels: Range;
}

/** Where a tile is: its image, and its first output row and column. */
export interface TilePlace {
  readonly image: number;
  readonly row: number;
  readonly column: number;
}

export function countTiles({ batch, outputHeight, outputWidth }: Extents): number {
  return batch * Math.ceil(outputHeight / 4) * Math.ceil(outputWidth / 4);
}

export function placeOfTile({ outputHeight, outputWidth }: Extents, tile: number): TilePlace {
  const rows = Math.ceil(outputHeight / 4);
  const columns = Math.ceil(outputWidth / 4);
  const line = Math.floor(tile / columns);
  return { image: Math.floor(line / rows), row: (line % rows) * 4, column: (tile % columns) * 4 };
}

/** Whether tiles can do the job, and take fewer operations than sums over the kernel: 50 a tile and 480 a kernel, roughly. */
export function suitsTiles(result: FloatArray, shape: Extents): boolean {
  const { batch, kernelHeight, kernelWidth, stride, dilation, outputHeight, outputWidth } = shape;
  return (
    result instanceof Float32Array &&
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    stride[0] * stride[1] * dilation[0] * dilation[1] === 1 &&
    Math.min(shape.inputChannels, shape.outputChannels) >= 16 &&
    50 * countTiles(shape) + 480 < 27 * batch * outputHeight * Math.ceil(outputWidth / 3)
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
  const leftSize = Math.ceil(rows / 2) * depth + PADDING;
  const rightSize = triples * depth + PADDING;
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
  shape: Extents,
  { group, tiles, channels }: TileBlock,
  lanesAre: "tiles" | "channels",
): void {
  const { groups, inputChannels, inputHeight, inputWidth, outputWidth } = shape;
  const tileCount = sizeOfRange(tiles);
  const channelCount = sizeOfRange(channels);
  const byTiles = lanesAre === "tiles";
  const element =
    (byTiles ? Math.ceil(tileCount / 3) * channelCount : Math.ceil(channelCount / 3) * tileCount) + PADDING;
  const stripWidth = 4 * tileCount + 2;
  const strip = stripScratch(6 * stripWidth);
  for (let first = tiles.begin; first < tiles.end; ) {
    // Tiles side by side are one strip of pixels.
    const { image, row, column } = placeOfTile(shape, first);
    const end = Math.min(tiles.end, first + Math.ceil((outputWidth - column) / 4));
    const width = 4 * (end - first) + 2;
    const rows = insideRange(row - shape.top, 1, 6, inputHeight);
    const columns = insideRange(column - shape.left, 1, width, inputWidth);
    for (let channel = 0; channel < channelCount; channel++) {
      const plane = (image * groups + group) * inputChannels + channels.begin + channel;
      const start = (plane * inputHeight + row - shape.top) * inputWidth + column - shape.left;
      if (sizeOfRange(columns) < width) strip.fill(0, 0, 6 * stripWidth);
      // Down the columns first, which neighbouring tiles share.
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
      for (let tile = first; tile < end; tile++) {
        const position = tile - tiles.begin;
        let to = byTiles
          ? (position % 3) * ELEMENTS * element + Math.floor(position / 3) * channelCount + channel
          : (channel % 3) * ELEMENTS * element + Math.floor(channel / 3) * tileCount + position;
        const left = 4 * (tile - first);
        for (let from = left; from < left + 6 * stripWidth; from += stripWidth, to += 6 * element) {
          const d0 = strip[from];
          const d1 = strip[from + 1];
          const d2 = strip[from + 2];
          const d3 = strip[from + 3];
          const d4 = strip[from + 4];
          transformPixels(target, to, element, d0, d1, d2, d3, d4, strip[from + 5]);
        }
      }
    }
    first = end;
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
  const even = d4 - 4 * d2;
  const odd = d3 - 4 * d1;
  const wideEven = d4 - d2;
  const wideOdd = 2 * (d3 - d1);
  target[to] = 4 * (d0 - d2) + wideEven;
  target[to + step] = even + odd;
  target[to + 2 * step] = even - odd;
  target[to + 3 * step] = wideEven + wideOdd;
  target[to + 4 * step] = wideEven - wideOdd;
  target[to + 5 * step] = d5 - d3 - 2 * wideOdd;
}
