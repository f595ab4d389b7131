/** The claims of max pooling over one or two axes; more axes are left to loop nests. */
import type { Kernel, OpRequest, Shape, WindowAttributes } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { maxPool, maxPoolGradient, maxPoolSelect, type PoolingShape } from "../kernels/pooling.ts";
import { floatKernel, isPlainFloat } from "./kernel.ts";

/** x to the maximum of each window. */
export function claimMaxPool(request: OpRequest): Kernel<CpuBuffer> | undefined {
  const shape = geometry(request, request.output.shape);
  return shape && floatKernel(request, (output, [input]) => maxPool(output, input, shape));
}

/** (x, gradient of the maxima) to the gradient of x. */
export function claimMaxPoolGradient(request: OpRequest): Kernel<CpuBuffer> | undefined {
  const shape = geometry(request, request.inputs[1].shape);
  return shape && floatKernel(request, (output, [input, gradient]) => maxPoolGradient(output, input, gradient, shape));
}

/** (x, values of its shape) to the values at the maxima. */
export function claimMaxPoolSelect(request: OpRequest): Kernel<CpuBuffer> | undefined {
  const shape = geometry(request, request.output.shape);
  return shape && floatKernel(request, (output, [input, values]) => maxPoolSelect(output, input, values, shape));
}

function geometry(request: OpRequest, pooled: Shape): PoolingShape | undefined {
  const [{ shape: x }] = request.inputs;
  const axes = x.length - 2;
  if (axes > 2 || !isPlainFloat(request)) return undefined;
  const { kernel, stride, padding, dilation } = request.attributes as WindowAttributes & {
    readonly padding: readonly (readonly [number, number])[];
  };
  const pair = <Item>(list: readonly Item[], single: Item): [Item, Item] =>
    axes === 2 ? [list[0], list[1]] : [single, list[0]];
  const [vertical, horizontal] = pair<readonly [number, number]>(padding, [0, 0]);
  return {
    planes: sizeOf(x.slice(0, 2)),
    input: pair(x.slice(2), 1),
    output: pair(pooled.slice(2), 1),
    kernel: pair(kernel, 1),
    stride: pair(stride, 1),
    padding: [...vertical, ...horizontal],
    dilation: pair(dilation, 1),
  };
}
