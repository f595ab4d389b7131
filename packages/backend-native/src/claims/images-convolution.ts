/** Convolution of few channels on images that lie side by side, and its gradients, as addon/images/convolution.h describes them. */
import type { ConvolutionAttributes, OpRequest } from "@sconce/core";
import { imagesSideBySide } from "../optimize/orders.ts";
import { isPlainFloat } from "./index.ts";
import { describePostOperations } from "./post-operations.ts";

/** With more channels than these, channels-last fills vectors as well; planes and kernels are what registers and caches hold. */
const mostChannels = 16;
const mostPositions = 64 * 64;
const mostKernel = 7;

export function describeImagesConvolution(request: OpRequest): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { op, inputs, output, attributes } = request;
  const [first, second] = inputs.map(({ shape }) => shape);
  const x = op === "imagesConvolutionInputGradient" ? output.shape : first;
  const weight = op === "imagesConvolutionWeightGradient" ? output.shape : second;
  const { stride, padding, dilation, groups } = attributes as ConvolutionAttributes;
  const [batch, channels, height, width] = x;
  const [outputs, , ...kernel] = weight;
  const suits =
    x.length === 4 &&
    batch % imagesSideBySide.images === 0 &&
    Math.max(channels, outputs) <= mostChannels &&
    height * width <= mostPositions &&
    kernel.every((extent, axis) => extent <= mostKernel && padding[axis].every((n) => n >= 0 && n < extent)) &&
    groups === 1 &&
    [...stride, ...dilation].every((n) => n === 1);
  const after = op === "imagesConvolution" ? describeAfter(request) : [];
  if (!suits || !after || (op !== "imagesConvolution" && request.epilogue)) return undefined;
  const [vertical, horizontal] = padding;
  return [
    batch,
    channels,
    height,
    width,
    outputs,
    ...kernel,
    vertical[0],
    horizontal[0],
    vertical[1],
    horizontal[1],
    ...after,
  ];
}

/** Whether there is a bias, and whether results are rectified; undefined where something else follows. */
function describeAfter(request: OpRequest): readonly number[] | undefined {
  const chain = describePostOperations(request)?.join();
  const chains: Readonly<Record<string, readonly number[]>> = {
    // A chain's length; add the operand 0, one value per channel; relu.
    "0": [0, 0],
    "1,6,1,0": [1, 0],
    "1,0,0,0": [0, 1],
    "2,6,1,0,0,0,0": [1, 1],
  };
  return chain === undefined ? undefined : chains[chain];
}
