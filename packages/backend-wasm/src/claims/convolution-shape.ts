/** From a request about a convolution to its sizes: float32, one or two spatial axes, no array without elements. */
import type { ConvolutionAttributes, OpRequest, Shape } from "@sconce/core";
import type { ConvolutionShape } from "../convolution/geometry.ts";
import { spatialAxes } from "./spatial-axes.ts";

/** The sizes of a request on x, weight and y; undefined for what is not claimed. */
export function shapeOf(
  { inputs, output, attributes }: OpRequest,
  x: Shape,
  weight: Shape,
  y: Shape,
): ConvolutionShape | undefined {
  const { groups, ...spatial } = attributes as ConvolutionAttributes;
  if (x.length > 4 || [...inputs, output].some(({ dtype }) => dtype !== "float32")) return undefined;
  if ([x, weight, y].some((shape) => shape.includes(0))) return undefined;
  const axes = spatialAxes(spatial, x.slice(2), weight.slice(2), y.slice(2));
  return { batch: x[0], inputChannels: x[1], outputChannels: y[1], groups, ...axes };
}
