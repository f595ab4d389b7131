/**
 * The claims of adding at positions: work that grows with the updates, where a loop nest looks through all updates for
 * every element of the result.
 */
import type { Kernel, OpRequest, Shape } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import type { CpuBuffer } from "../buffer.ts";
import { scatterAddAlong } from "../kernels/scatter-add.ts";
import { type FloatArray, viewOf } from "./kernel.ts";

/** (updates, indices of the same shape). */
export function claimScatterAdd(request: OpRequest): Kernel<CpuBuffer> | undefined {
  return claim(request, 1, true);
}

/** (updates, one index for each slice along the axis). */
export function claimTakeAdd(request: OpRequest): Kernel<CpuBuffer> | undefined {
  return claim(request, request.inputs[1].shape.length, false);
}

function claim(request: OpRequest, indexAxes: number, each: boolean): Kernel<CpuBuffer> | undefined {
  const [updates, indices] = request.inputs;
  const { output } = request;
  if (output.dtype !== "float32" && output.dtype !== "float64") return undefined;
  const { axis, extent } = request.attributes as { readonly axis: number; readonly extent: number };
  const outer = sizeOf(updates.shape.slice(0, axis));
  const count = sizeOf(updates.shape.slice(axis, axis + indexAxes));
  const inner = sizeOf(updates.shape.slice(axis + indexAxes));
  const view = (buffer: CpuBuffer, shape: Shape): FloatArray => viewOf(buffer, output.dtype, shape) as FloatArray;
  return {
    name: request.op,
    run: ([values, positions], [result]) => {
      const at = viewOf(positions, indices.dtype, indices.shape);
      scatterAddAlong(view(result, output.shape), view(values, updates.shape), at, {
        outer,
        count,
        inner,
        extent,
        each,
      });
    },
  };
}
