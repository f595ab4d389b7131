/** The claims of max pooling over one or two axes; more axes are left to loop nests. */
import { type OpRequest, type Shape, sizeOf, type WindowAttributes } from "@sconce/core";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { maxPoolCode, maxPoolGradientCode, maxPoolSelectCode } from "../pooling/max-pool.ts";
import type { PoolingShape } from "../pooling/window-maxima.ts";
import { spatialAxes } from "./spatial-axes.ts";

interface MaxPoolAttributes extends WindowAttributes {
  readonly padding: readonly (readonly [number, number])[];
}

type Claim = (request: OpRequest, target: Target) => KernelCode | undefined;

export const claimMaxPool: Claim = claimWith(maxPoolCode, ({ output }) => output.shape);
export const claimMaxPoolGradient: Claim = claimWith(maxPoolGradientCode, ({ inputs }) => inputs[1].shape);
export const claimMaxPoolSelect: Claim = claimWith(maxPoolSelectCode, ({ output }) => output.shape);

/** `pooledOf` tells the shape that has an element for each window. */
function claimWith(
  codeOf: (name: string, shape: PoolingShape) => KernelCode,
  pooledOf: (request: OpRequest) => Shape,
): Claim {
  return (request) => {
    const { op, inputs, output, attributes } = request;
    const [{ shape: x }] = inputs;
    if (x.length > 4 || [...inputs, output].some(({ dtype }) => dtype !== "float32")) return undefined;
    const { kernel, ...spatial } = attributes as MaxPoolAttributes;
    const axes = spatialAxes(spatial, x.slice(2), kernel, pooledOf(request).slice(2));
    return codeOf(op, { planes: sizeOf(x.slice(0, 2)), ...axes });
  };
}
