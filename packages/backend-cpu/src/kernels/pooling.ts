/**
 * Max and average pooling of image planes, and their gradients, which add up in double precision where windows overlap.
 *
 * The maximum of a window is its first in row-major order, and a NaN counts as one. Windows may hang over the
 * padding; what they find there is never the maximum and adds nothing to a mean.
 */
import type { FloatArray } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Sizes and attributes; pairs are vertical and horizontal. */
export interface PoolingShape {
  /** Images times channels. */
  readonly planes: number;
  readonly input: readonly [height: number, width: number];
  readonly output: readonly [height: number, width: number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Top, bottom, left, right. The bottom and right ones matter only where they count as elements. */
  readonly padding: readonly [number, number, number, number];
  readonly dilation: readonly [number, number];
}

/** output = the largest element of each window of the input. */
export function maxPool(output: FloatArray, input: FloatArray, shape: PoolingShape): void {
  forEachWindow(shape, (at, start, rows, columns, row, column) => {
    const index = firstMaximum(input, start, shape, rows, columns, row, column);
    output[at] = index < 0 ? Number.NEGATIVE_INFINITY : input[index]!;
  });
}
