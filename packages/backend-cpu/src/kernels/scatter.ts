/** Reading and adding whole rows at positions given by a list, as embeddings and their gradients do. */
import type { FloatArray } from "./panels.ts";
import { createScratch } from "./scratch.ts";

const scratch = /* @__PURE__ */ createScratch();

/** output[i, :] = source[indices[i], :]; NaN for an index outside the `rows` of `source`. */
export function gatherRows(
  output: FloatArray,
  source: FloatArray,
  indices: ArrayLike<number>,
  rows: number,
  width: number,
): void {
  for (let i = 0, to = 0; i < indices.length; i++, to += width) {
    const row = indices[i];
    if (!(row >= 0 && row < rows)) output.fill(Number.NaN, to, to + width);
    else for (let column = 0, from = row * width; column < width; column++) output[to + column] = source[from + column];
  }
}

/**
 * output[indices[i], :] += updates[i, :]; an index outside the `rows` of `output` is passed over. Updates of one row are
 * found by a counting sort, summed in their order in double precision, and rounded once.
 */
export function scatterAddRows(
  output: FloatArray,
  indices: ArrayLike<number>,
  updates: FloatArray,
  rows: number,
  width: number,
): void {
  const inside = (row: number): boolean => row >= 0 && row < rows;
  const ends = new Int32Array(rows + 1);
  for (let i = 0; i < indices.length; i++) if (inside(indices[i])) ends[indices[i] + 1]++;
  for (let row = 0; row < rows; row++) ends[row + 1] += ends[row];
  const order = new Int32Array(ends[rows]);
  // Each row's place moves from its begin to its end, which is where the next row begins.
  for (let i = 0; i < indices.length; i++) if (inside(indices[i])) order[ends[indices[i]]++] = i;
  const sums = scratch(width);
  for (let row = 0, at = 0; row < rows; row++) {
    if (at === ends[row]) continue;
    const to = row * width;
    for (let column = 0; column < width; column++) sums[column] = output[to + column];
    for (; at < ends[row]; at++) {
      const from = order[at] * width;
      for (let column = 0; column < width; column++) sums[column] += updates[from + column];
    }
    for (let column = 0; column < width; column++) output[to + column] = sums[column];
  }
}
