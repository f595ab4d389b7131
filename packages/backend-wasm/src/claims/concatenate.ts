/**
 * The claim of concatenation: many equally long parts, such as the outputs of a recurrent layer. As loop nests they are
 * joined two by two, which suits few parts (whatever is done to the result may become part of the nest), but copies many
 * of them several times.
 */
import { bytesPerElement, type OpRequest, sizeOf } from "@sconce/core";
import { concatenateCode } from "../indexing/concatenate.ts";
import type { KernelCode } from "../kernels/kernel.ts";

const fewParts = 3;
/** Bytes that are copied in one piece, at least. */
const shortestRun = 512;

export function claimConcatenate({ inputs, output, attributes }: OpRequest): KernelCode | undefined {
  const { axis } = attributes as { readonly axis: number };
  const [{ shape }] = inputs;
  const runBytes = bytesPerElement(output.dtype) * sizeOf(shape.slice(axis));
  const isEven = inputs.every((input) => input.shape[axis] === shape[axis]);
  if (!isEven || inputs.length <= fewParts || runBytes < shortestRun) return undefined;
  return concatenateCode({ outer: sizeOf(shape.slice(0, axis)), parts: inputs.length, runBytes });
}
