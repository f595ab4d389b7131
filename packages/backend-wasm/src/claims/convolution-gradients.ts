/** The claims of the two gradients of convolution over one or two spatial axes; more axes are left to loop nests. */
import type { OpRequest } from "@sconce/core";
import { inputGradientCode } from "../convolution/input-gradient.ts";
import { weightGradientCode } from "../convolution/weight-gradient.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { shapeOf } from "./convolution-shape.ts";

/** (gradient of y, weight) to the gradient of x. */
export function claimInputGradient(request: OpRequest, target: Target, epilogue?: Epilogue): KernelCode | undefined {
  const [y, weight] = request.inputs;
  const shape = shapeOf(request, request.output.shape, weight.shape, y.shape);
  // Results of a strided one are put together by copying, so that an epilogue would be a pass of its own all the same.
  if (!shape || (epilogue && shape.vertical.stride * shape.horizontal.stride > 1)) return undefined;
  return inputGradientCode(shape, target, epilogue);
}

/** (x, gradient of y) to the gradient of the weight. */
export function claimWeightGradient(request: OpRequest, target: Target): KernelCode | undefined {
  const [x, y] = request.inputs;
  const shape = shapeOf(request, x.shape, request.output.shape, y.shape);
  return shape && weightGradientCode(shape, target);
}
