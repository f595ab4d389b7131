/** The claims of max pooling over one or two axes; more axes are left to loop nests. */
import type { Kernel, OpRequest, Shape, WindowAttributes } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { maxPool, maxPoolGradient, maxPoolSelect, type PoolingShape } from "../kernels/pooling.ts";
import { floatKernel, heightAndWidth, isPlainFloat } from "./kernel.ts";

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
  const [vertical, horizontal] = heightAndWidth(padding, [0, 0]);
  return {
    planes: sizeOf(x.slice(0, 2)),
    input: heightAndWidth(x.slice(2), 1),
    output: heightAndWidth(pooled.slice(2), 1),
    kernel: heightAndWidth(kernel, 1),
    stride: heightAndWidth(stride, 1),
    padding: [...vertical, ...horizontal],
    dilation: heightAndWidth(dilation, 1),
  };
}
