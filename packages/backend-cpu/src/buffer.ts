/** Buffers of the cpu backend: bytes, with their typed-array views made once. */
import { type DType, type TypedArray, viewArray } from "@sconce/core";

export interface CpuBuffer {
  readonly bytes: ArrayBuffer;
  readonly views: Map<DType, TypedArray>;
}

/** A buffer of at least `byteLength` bytes, in whole 8-byte words so that every dtype can view it. */
export function allocateBuffer(byteLength: number): CpuBuffer {
  return { bytes: new ArrayBuffer(Math.max(8, Math.ceil(byteLength / 8) * 8)), views: new Map() };
}

/** The buffer as elements of `dtype`. */
export function viewBuffer(buffer: CpuBuffer, dtype: DType): TypedArray {
  let view = buffer.views.get(dtype);
  if (!view) {
    view = viewArray(dtype, buffer.bytes);
    buffer.views.set(dtype, view);
  }
  return view;
}
