/** Adding at positions along one axis, in the order of the updates and in double precision. */
import type { FloatArray } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Updates are [outer, count, inner], the output is [outer, extent, inner]. */
export interface ScatterShape {
  readonly outer: number;
  readonly count: number;
  readonly inner: number;
  readonly extent: number;
  /** Whether every element has its own index, or each of the `count` slices one. */
  readonly each: boolean;
}

/** output[o, indices[..], i] = the sum of the updates there; an index outside the axis is passed over. */
export function scatterAddAlong(
  output: FloatArray,
  updates: FloatArray,
  indices: ArrayLike<number>,
  shape: ScatterShape,
): void {
  const { outer, count, inner, extent, each } = shape;
  const size = outer * extent * inner;
  const sums = zeroedSums(size);
  for (let o = 0, from = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++, from++) {
        const at = indices[each ? from : c];
        if (at >= 0 && at < extent) sums[(o * extent + at) * inner + i] += updates[from];
      }
    }
  }
  for (let i = 0; i < size; i++) output[i] = sums[i];
}
