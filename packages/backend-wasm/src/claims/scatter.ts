/**
 * The claims of adding at positions: work that grows with the updates, where a loop nest looks through all updates for
 * every element of the result.
 */
import { type OpRequest, sizeOf } from "@sconce/core";
import { scatterAddCode } from "../indexing/scatter-add.ts";
import type { KernelCode, Target } from "../kernels/kernel.ts";

/** (updates, indices of the same shape). */
export function claimScatterAdd(request: OpRequest, target: Target): KernelCode | undefined {
  return claim(request, target, 1, true);
}

/** (updates, one index for each slice along the axis). */
export function claimTakeAdd(request: OpRequest, target: Target): KernelCode | undefined {
  return claim(request, target, request.inputs[1].shape.length, false);
}

function claim(request: OpRequest, target: Target, indexAxes: number, each: boolean): KernelCode | undefined {
  const [{ shape: updates }, indices] = request.inputs;
  if (request.output.dtype !== "float32" || indices.dtype !== "int32") return undefined;
  const { axis, extent } = request.attributes as { readonly axis: number; readonly extent: number };
  const outer = sizeOf(updates.slice(0, axis));
  const count = sizeOf(updates.slice(axis, axis + indexAxes));
  const inner = sizeOf(updates.slice(axis + indexAxes));
  return scatterAddCode(request.op, { outer, count, inner, extent, each }, target);
}
