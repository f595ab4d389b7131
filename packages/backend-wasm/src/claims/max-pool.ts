/** The claims of max pooling over one or two axes; more axes are left to loop nests. */
import { type OpRequest, type Shape, sizeOf, type WindowAttributes } from "@sconce/core";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { maxPoolCode, maxPoolGradientCode, maxPoolSelectCode } from "../pooling/max-pool.ts";
import type { PoolingShape } from "../pooling/window-maxima.ts";

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
    const { kernel, stride, padding, dilation } = attributes as WindowAttributes & {
      readonly padding: readonly (readonly [number, number])[];
    };
    // A single axis is the width, beside a height of 1.
    const pair = (list: readonly number[], single: number): [number, number] =>
      list.length === 2 ? [list[0], list[1]] : [single, list[0]];
    return codeOf(op, {
      planes: sizeOf(x.slice(0, 2)),
      input: pair(x.slice(2), 1),
      output: pair(pooledOf(request).slice(2), 1),
      kernel: pair(kernel, 1),
      stride: pair(stride, 1),
      padding: pair(
        padding.map(([before]) => before),
        0,
      ),
      dilation: pair(dilation, 1),
    });
  };
}
