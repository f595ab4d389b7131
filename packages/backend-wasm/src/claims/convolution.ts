/** The claim of convolution over one or two spatial axes. */
import type { OpRequest } from "@sconce/core";
import { convolutionCode } from "../convolution/convolution.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { shapeOf } from "./convolution-shape.ts";

/** (x, weight) to y. */
export function claimConvolution(request: OpRequest, target: Target, epilogue?: Epilogue): KernelCode | undefined {
  const [x, weight] = request.inputs;
  const shape = shapeOf(request, x.shape, weight.shape, request.output.shape);
  return shape && convolutionCode(shape, target, epilogue);
}
