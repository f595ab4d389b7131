/** From a request about a convolution to its sizes: float32, one or two spatial axes, no array without elements. */
import type { ConvolutionAttributes, OpRequest, Shape } from "@sconce/core";
import type { Axis, ConvolutionShape } from "../convolution/geometry.ts";

/** The sizes of a request on x, weight and y; undefined for what is not claimed. */
export function shapeOf(
  { inputs, output, attributes }: OpRequest,
  x: Shape,
  weight: Shape,
  y: Shape,
): ConvolutionShape | undefined {
  const { stride, padding, dilation, groups } = attributes as ConvolutionAttributes;
  if (x.length > 4 || [...inputs, output].some(({ dtype }) => dtype !== "float32")) return undefined;
  if ([x, weight, y].some((shape) => shape.includes(0))) return undefined;
  const axes = stride.map(
    (step, i): Axis => ({
      input: x[2 + i],
      output: y[2 + i],
      kernel: weight[2 + i],
      stride: step,
      dilation: dilation[i],
      before: padding[i][0],
    }),
  );
  const [horizontal, vertical = { input: 1, output: 1, kernel: 1, stride: 1, dilation: 1, before: 0 }] = axes.reverse();
  return { batch: x[0], inputChannels: x[1], outputChannels: y[1], groups, vertical, horizontal };
}
