/** Which algorithm a convolution runs by. */
import type { Epilogue } from "../kernels/epilogue.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import { depthwiseCode, suitsDepthwise } from "./depthwise.ts";
import { type ConvolutionShape, inputPositions, isPointwise } from "./geometry.ts";
import { productCode } from "./product.ts";
import { winogradCode } from "./winograd.ts";
import { suitsWinograd } from "./winograd-plan.ts";

/** The kernel with inputs x, weights and the epilogue's operands; none may be empty. */
export function convolutionCode(shape: ConvolutionShape, target: Target, epilogue?: Epilogue): KernelCode {
  if (suitsDepthwise(shape)) return depthwiseCode(shape, target, epilogue);
  if (suitsWinograd(shape)) return winogradCode(shape, target, epilogue);
  return productCode(flattened(shape), target, epilogue);
}

/** A pointwise convolution has no use for rows. */
function flattened(shape: ConvolutionShape): ConvolutionShape {
  if (!isPointwise(shape)) return shape;
  const { vertical, horizontal } = shape;
  const positions = inputPositions(shape);
  return {
    ...shape,
    vertical: { ...vertical, input: 1, output: 1 },
    horizontal: { ...horizontal, input: positions, output: positions },
  };
}
