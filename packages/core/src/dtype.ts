/**
 * Element types, how they are stored, and the promotion rules.
 *
 * Promotion of two tensors, on one page:
 * - equal dtypes stay as they are;
 * - bool < uint8 < int32 and bool < uint8 < uint32; int32 with uint32 is an error (no type holds both: cast one);
 * - an integer or bool with a float gives the float; float16 < float32 < float64;
 * - a JavaScript number is weak: it takes the tensor's dtype, except that a number with a fraction turns an integer
 *   tensor into float32, any number turns a bool tensor into int32 (or float32 for a fraction), and a whole number that
 *   uint8 cannot hold turns it into int32; one that int32 or uint32 cannot hold is an error;
 * - true division and functions such as `exp` turn integers and bools into float32.
 */
import { ArgumentError, DTypeError } from "./errors.ts";

/** The type of a tensor's elements. */
export type DType = "float32" | "float64" | "float16" | "int32" | "uint32" | "uint8" | "bool";

/** Typed arrays that hold elements on the host; float16 is its bit pattern in a Uint16Array, bool is 0 or 1 in a Uint8Array. */
export type TypedArray = Float32Array | Float64Array | Uint16Array | Int32Array | Uint32Array | Uint8Array;

interface DTypeTraits {
  readonly bytes: number;
  readonly float: boolean;
  readonly rank: number;
  readonly array: new (source: ArrayBuffer | number, byteOffset?: number, length?: number) => TypedArray;
}

const traits: Record<DType, DTypeTraits> = {
  bool: { bytes: 1, float: false, rank: 0, array: Uint8Array as DTypeTraits["array"] },
  uint8: { bytes: 1, float: false, rank: 1, array: Uint8Array as DTypeTraits["array"] },
  int32: { bytes: 4, float: false, rank: 2, array: Int32Array as DTypeTraits["array"] },
  uint32: { bytes: 4, float: false, rank: 2, array: Uint32Array as DTypeTraits["array"] },
  float16: { bytes: 2, float: true, rank: 3, array: Uint16Array as DTypeTraits["array"] },
  float32: { bytes: 4, float: true, rank: 4, array: Float32Array as DTypeTraits["array"] },
  float64: { bytes: 8, float: true, rank: 5, array: Float64Array as DTypeTraits["array"] },
};

/** Every dtype, smallest first. */
export const dtypes: readonly DType[] = Object.keys(traits) as DType[];

/** Bytes of one stored element. */
export function bytesPerElement(dtype: DType): number {
  return traits[dtype].bytes;
}

/** True for float16, float32 and float64. */
export function isFloat(dtype: DType): boolean {
  return traits[dtype].float;
}

/** A new zeroed host array of `length` elements of `dtype`. */
export function allocateArray(dtype: DType, length: number): TypedArray {
  return new traits[dtype].array(length);
}

/** The bytes of `buffer` seen as elements of `dtype`. */
export function viewArray(dtype: DType, buffer: ArrayBuffer, byteOffset = 0, length?: number): TypedArray {
  return new traits[dtype].array(buffer, byteOffset, length);
}

/** The dtype whose elements a typed array holds; a Uint16Array holds float16 bit patterns. */
export function dtypeOfArray(op: string, data: ArrayBufferView): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Uint16Array) return "float16";
  throw new ArgumentError(
    `${op}: a ${Object.prototype.toString.call(data).slice(8, -1)} has no dtype of its own here; use Float32Array, Float64Array, ` +
      "Int32Array, Uint32Array, Uint8Array or Uint16Array (float16 bit patterns).",
  );
}

/** The dtype of a result that combines elements of `a` and `b`; see the rules at the head of this file. */
export function promote(op: string, a: DType, b: DType): DType {
  if (a === b) return a;
  if (traits[a].rank === traits[b].rank) {
    throw new DTypeError(
      `${op}: ${a} and ${b} have no common dtype that holds both; cast one of them first, for example x.cast("int32").`,
    );
  }
  return traits[a].rank > traits[b].rank ? a : b;
}

const integerRanges: Partial<Record<DType, readonly [least: number, greatest: number]>> = {
  uint8: [0, 255],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};

/** The dtype that a weak JavaScript number takes beside a tensor of `dtype`. */
export function weakDType(op: string, dtype: DType, value: number): DType {
  if (isFloat(dtype)) return dtype;
  if (!Number.isInteger(value)) return "float32";
  // The narrow types make way for a number that they cannot hold; nothing holds all of a wide one and the number.
  const wider: readonly DType[] = dtype === "bool" ? ["int32"] : dtype === "uint8" ? ["uint8", "int32"] : [dtype];
  for (const candidate of wider) {
    const [least, greatest] = integerRanges[candidate] ?? [0, 0];
    if (value >= least && value <= greatest) return candidate;
  }
  throw new DTypeError(
    `${op}: ${value} does not fit a tensor of ${dtype}; cast the tensor first, for example x.cast("float32").`,
  );
}

/** `dtype` itself when it is a float, float32 otherwise. */
export function toFloat(dtype: DType): DType {
  return isFloat(dtype) ? dtype : "float32";
}
