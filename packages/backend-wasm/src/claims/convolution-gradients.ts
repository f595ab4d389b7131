/** The claims of the two gradients of convolution over one or two spatial axes; more axes are left to loop nests. */
import type { OpRequest } from "@sconce/core";
import { inputGradientCode } from "../convolution/input-gradient.ts";
import { weightGradientCode } from "../convolution/weight-gradient.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { shapeOf } from "./convolution-shape.ts";

/** (gradient of y, weight) to the gradient of x. */
export function claimInputGradient(request: OpRequest, target: Target): KernelCode | undefined {
  const [y, weight] = request.inputs;
  const shape = shapeOf(request, request.output.shape, weight.shape, y.shape);
  return shape && inputGradientCode(shape, target);
}

/** (x, gradient of y) to the gradient of the weight. */
export function claimWeightGradient(request: OpRequest, target: Target): KernelCode | undefined {
  const [x, y] = request.inputs;
  const shape = shapeOf(request, x.shape, request.output.shape, y.shape);
  return shape && weightGradientCode(shape, target);
}
