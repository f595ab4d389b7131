/** The claim of matmul: float32, with the batch axes that both operands walk alike taken as one. */
import { type MatmulAttributes, type OpRequest, type Shape, sizeOf } from "@sconce/core";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";
import type { BatchAxis, ProductDescription } from "../matmul/description.ts";
import { matmulCode } from "../matmul/matmul-code.ts";

export function claimMatmul(request: OpRequest, target: Target, epilogue?: Epilogue): KernelCode | undefined {
  const description = describeMatmul(request);
  return description && matmulCode(description, target, epilogue);
}

/** The product that is asked for, or undefined where it is empty or not of float32. */
function describeMatmul({ inputs, output, attributes }: OpRequest): ProductDescription | undefined {
  const { transposeA, transposeB } = attributes as MatmulAttributes;
  const [a, b] = inputs.map(({ shape }) => shape);
  const [m, n] = output.shape.slice(-2);
  const k = a[a.length - (transposeA ? 2 : 1)];
  if (sizeOf(output.shape) * k === 0 || [...inputs, output].some(({ dtype }) => dtype !== "float32")) return undefined;
  return { m, n, k, transposeA, transposeB, batch: batchAxes(output.shape.slice(0, -2), a, b) };
}

/** The axes before the last two. An operand that lacks one, or has extent 1 there, is repeated along it. */
function batchAxes(batch: Shape, a: Shape, b: Shape): readonly BatchAxis[] {
  const stride = (shape: Shape, axis: number): number => {
    const at = axis - batch.length + shape.length - 2;
    return at < 0 || shape[at] === 1 ? 0 : sizeOf(shape.slice(at + 1));
  };
  const axes: BatchAxis[] = [];
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    const extent = batch[axis];
    if (extent === 1) continue;
    const [own, inner] = [{ a: stride(a, axis), b: stride(b, axis) }, axes[0]];
    const joins = inner && own.a === inner.a * inner.extent && own.b === inner.b * inner.extent;
    if (joins) axes[0] = { extent: extent * inner.extent, a: inner.a, b: inner.b };
    else axes.unshift({ extent, ...own });
  }
  return axes;
}
