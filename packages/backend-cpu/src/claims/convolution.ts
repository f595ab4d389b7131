/** The claims of convolution over one or two spatial axes and of its gradients; more axes are left to loop nests. */
import type { ConvolutionAttributes, Kernel, OpRequest, Shape } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import {
  type ConvolutionShape,
  convolution,
  convolutionInputGradient,
  convolutionWeightGradient,
} from "../kernels/convolution.ts";
import { floatKernel, heightAndWidth, isPlainFloat } from "./kernel.ts";

/** (x, weight) to y. */
export function claimConvolution(request: OpRequest): Kernel<CpuBuffer> | undefined {
  const [x, weight] = request.inputs;
  const shape = geometry(request, x.shape, weight.shape, weight.shape[0]);
  return shape && floatKernel(request, (output, [input, weights]) => convolution(output, input, weights, shape));
}

/** (gradient of y, weight) to the gradient of x. */
export function claimInputGradient(request: OpRequest): Kernel<CpuBuffer> | undefined {
  const [, weight] = request.inputs;
  const shape = geometry(request, request.output.shape, weight.shape, weight.shape[0]);
  return (
    shape &&
    floatKernel(request, (output, [gradient, weights]) => convolutionInputGradient(output, gradient, weights, shape))
  );
}

/** (x, gradient of y) to the gradient of the weight. */
export function claimWeightGradient(request: OpRequest): Kernel<CpuBuffer> | undefined {
  const [x, gradient] = request.inputs;
  const shape = geometry(request, x.shape, request.output.shape, gradient.shape[1]);
  return shape && floatKernel(request, (output, [input, g]) => convolutionWeightGradient(output, input, g, shape));
}

/** The kernels' description of a convolution; one spatial axis is a height of one. */
function geometry(request: OpRequest, x: Shape, weight: Shape, outputChannels: number): ConvolutionShape | undefined {
  const axes = x.length - 2;
  if (axes > 2 || !isPlainFloat(request)) return undefined;
  const { stride, padding, dilation, groups } = request.attributes as ConvolutionAttributes;
  if (padding.flat().some((n) => n < 0)) return undefined;
  const [inputHeight, inputWidth] = heightAndWidth(x.slice(2), 1);
  const [kernelHeight, kernelWidth] = heightAndWidth(weight.slice(2), 1);
  const [vertical, horizontal] = heightAndWidth(padding, [0, 0]);
  return {
    batch: x[0],
    inputChannels: x[1],
    inputHeight,
    inputWidth,
    outputChannels,
    kernelHeight,
    kernelWidth,
    stride: heightAndWidth(stride, 1),
    padding: [...vertical, ...horizontal],
    dilation: heightAndWidth(dilation, 1),
    groups,
  };
}
