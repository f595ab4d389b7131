/** Arrays in host memory: what tensors are made from, what they are read back as, and what routines work on. */
import { allocateArray, type DType, type TypedArray } from "./dtype.ts";
import { floatToHalf, halfToFloat } from "./half.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** Elements in row-major order; float16 as bit patterns. */
export interface HostArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: TypedArray;
}

/** Stores numbers as `dtype`: floats rounded, integers wrapped, bool as 0 or 1. */
export function encodeNumbers(values: ArrayLike<number>, dtype: DType): TypedArray {
  const out = allocateArray(dtype, values.length);
  if (dtype === "float16") for (let i = 0; i < values.length; i++) out[i] = floatToHalf(values[i]);
  else if (dtype === "bool") for (let i = 0; i < values.length; i++) out[i] = values[i] !== 0 ? 1 : 0;
  else out.set(values);
  return out;
}

/** The stored elements as numbers: float16 decoded to a Float32Array, every other dtype as it is. */
export function decodeNumbers(data: TypedArray, dtype: DType): Exclude<TypedArray, Uint16Array> {
  if (dtype !== "float16") return data as Exclude<TypedArray, Uint16Array>;
  return Float32Array.from(data as Uint16Array, halfToFloat);
}

/** A zeroed host array. */
export function hostZeros(shape: Shape, dtype: DType): HostArray {
  return { shape, dtype, data: allocateArray(dtype, sizeOf(shape)) };
}
