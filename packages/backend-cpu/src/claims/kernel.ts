/** Kernels of hand-written functions: the typed views of a request's buffers, with the sizes the request names. */
import type { DType, Kernel, OpRequest, Shape, TypedArray } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import { type CpuBuffer, viewBuffer } from "../buffer.ts";

/** Float arrays that the hand-written kernels work on. */
export type FloatArray = Float32Array | Float64Array;

/** Whether every operand and the result are of one dtype that the hand-written kernels know. */
export function isPlainFloat({ inputs, output }: OpRequest): boolean {
  const known = output.dtype === "float32" || output.dtype === "float64";
  return known && inputs.every(({ dtype }) => dtype === output.dtype);
}

/** A kernel that calls `run` with the output and the inputs as float arrays. */
export function floatKernel(
  { op, inputs, output }: OpRequest,
  run: (output: FloatArray, inputs: readonly FloatArray[]) => void,
): Kernel<CpuBuffer> {
  return {
    name: op,
    run: (inputBuffers, outputBuffers) => {
      const views = inputBuffers.map((buffer, i) => viewOf(buffer, inputs[i].dtype, inputs[i].shape) as FloatArray);
      run(viewOf(outputBuffers[0], output.dtype, output.shape) as FloatArray, views);
    },
  };
}

/** The elements of a value; its buffer may be larger. */
export function viewOf(buffer: CpuBuffer, dtype: DType, shape: Shape): TypedArray {
  const view = viewBuffer(buffer, dtype);
  const size = sizeOf(shape);
  return view.length === size ? view : view.subarray(0, size);
}

/** One entry per spatial axis as vertical and horizontal ones; a single axis is the width, beside a height of `single`. */
export function heightAndWidth<Item>(list: readonly Item[], single: Item): [Item, Item] {
  return list.length === 2 ? [list[0], list[1]] : [single, list[0]];
}
