/**
 * Correlation with one input and one output channel per group: depthwise convolution. There is nothing to share between
 * output channels, so the register block of `panels.ts` would run half empty; instead the output is a sum of shifted
 * inputs times one weight each, three kernel columns at a time.
 *
 * The input is packed as for the weight gradient, whose lanes are kernel columns and whose depth is output pixels.
 */
import { type Range, sizeOfRange } from "./arithmetic.ts";
import { cutPixels, cutTaps, depthOf, type Pixels, type Steps, type Taps } from "./correlation-blocks.ts";
import { packInput } from "./correlation-input.ts";
import { type Correlation, exchangeRoles } from "./correlation-shape.ts";
import { type FloatArray, panels } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Output pixels that are computed at the same time. */
const PIXEL_BLOCK = 8192;

/** Writes all outputs that `shape` addresses. */
export function correlateDepthwise(
  output: FloatArray,
  input: FloatArray,
  weights: FloatArray,
  shape: Correlation,
): void {
  const exchanged = exchangeRoles(shape);
  const pixelBlocks = cutTaps(exchanged, PIXEL_BLOCK, 1);
  const { pixelBlocks: tapBlocks, steps } = cutPixels(exchanged, pixelBlocks);
  for (let group = 0; group < shape.groups; group++) {
    for (const pixels of pixelBlocks) {
      const sums = zeroedSums(depthOf(pixels));
      for (const taps of tapBlocks) {
        const inside = packInput(input, exchanged, group, taps, pixels, steps);
        addTaps(sums, weights, shape, group, taps, pixels, steps, inside);
      }
      writePixels(output, sums, shape, group, pixels);
    }
  }
}

/** Adds the packed pixels times their weights to sums, [row][column]. */
function addTaps(
  sums: Float64Array,
  weights: FloatArray,
  { weights: at }: Correlation,
  group: number,
  taps: Pixels,
  pixels: Taps,
  steps: Steps,
  inside: Range,
): void {
  const count = depthOf(pixels);
  const width = sizeOfRange(pixels.columns);
  const { begin: first, end: last } = taps.columns;
  for (let tap = first, unit = 0; tap < last; tap += 3, unit += steps.unit) {
    // A lane without a weight must hold zeros: zero times infinity would not be zero.
    for (let lane = last - tap; lane < 3; lane++) panels.right[lane].fill(0, unit, unit + steps.unit);
    for (let row = 0; row < taps.rows; row++) {
      const from = at.start + group * at.group + (taps.firstRow + row * steps.outputRow) * at.row + tap * at.column;
      const weight1 = tap + 1 < last ? weights[from + at.column] : 0;
      const weight2 = tap + 2 < last ? weights[from + 2 * at.column] : 0;
      // Rows that this kernel row finds in the padding are skipped.
      const begin = Math.max(0, inside.begin - row * steps.strip) * width;
      const end = Math.min(count, (inside.end - row * steps.strip) * width);
      const right = unit + row * steps.strip * width + begin;
      panels.addWeighted(end - begin, right, weights[from], weight1, weight2, sums, begin);
    }
  }
}

/** Sums, [row][column], to one image of the output. */
function writePixels(
  output: FloatArray,
  sums: Float64Array,
  { output: stride }: Correlation,
  group: number,
  { rows, columns, channels }: Taps,
): void {
  const start = stride.start + channels.begin * stride.image + group * stride.group + columns.begin * stride.column;
  const width = sizeOfRange(columns);
  for (let row = rows.begin, from = 0; row < rows.end; row++) {
    let to = start + row * stride.row;
    for (const end = from + width; from < end; from = (from + 1) | 0, to = (to + stride.column) | 0) {
      output[to] = sums[from];
    }
  }
}
