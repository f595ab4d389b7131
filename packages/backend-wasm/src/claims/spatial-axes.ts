/** The spatial axes of a convolution or of pooling as its kernels see them: always a vertical and a horizontal one. */
import type { Shape } from "@sconce/core";
import type { Axis } from "../convolution/geometry.ts";

/** What such ops say about each of one or two axes. */
interface SpatialAttributes {
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly dilation: readonly number[];
}

/** From the spatial extents of the input, of the kernel and of the output; a single axis is the width, beside a height of 1. */
export function spatialAxes(
  { stride, padding, dilation }: SpatialAttributes,
  input: Shape,
  kernel: Shape,
  output: Shape,
): { readonly vertical: Axis; readonly horizontal: Axis } {
  const axes = stride.map(
    (step, i): Axis => ({
      input: input[i],
      output: output[i],
      kernel: kernel[i],
      stride: step,
      dilation: dilation[i],
      before: padding[i][0],
    }),
  );
  const [horizontal, vertical = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0 }] = axes.reverse();
  return { vertical, horizontal };
}
