/** Single loop nests on the native backend. */
import {
  type Backend,
  bytesPerElement,
  type DType,
  decodeNumbers,
  encodeNumbers,
  isFloat,
  type LoopNest,
  sizeOf,
  viewArray,
} from "@sconce/core";
import type { NativeBuffer } from "../../src/native-kernel.ts";

/** The results of `nest`, one list of numbers for each store. */
export function runNest(
  native: Backend<NativeBuffer>,
  nest: LoopNest,
  inputs: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const kernel = native.compile(nest);
  if (kernel instanceof Promise) throw new Error("the native backend compiles at once");
  const given = inputs.map((values, i) => {
    const data = encodeNumbers(values, nest.inputs[i]);
    const buffer = native.allocate(data.byteLength);
    void native.write(buffer, data);
    return buffer;
  });
  const size = sizeOf(nest.shape);
  const results = nest.stores.map(({ dtype }) => native.allocate(size * bytesPerElement(dtype)));
  kernel.run(given, results);
  const numbers = results.map((buffer, i) => {
    const { dtype } = nest.stores[i];
    const bytes = native.readSync?.(buffer, buffer.byteLength) as ArrayBuffer;
    return Array.from(decodeNumbers(viewArray(dtype, bytes, 0, size), dtype));
  });
  for (const buffer of [...given, ...results]) native.release(buffer);
  return numbers;
}

/** Numbers that `dtype` holds exactly, its extremes, NaN and infinities among them. */
export function numbersFor(dtype: DType, count: number, seed: number): number[] {
  const special: Readonly<Record<DType, readonly number[]>> = {
    bool: [0, 1],
    uint8: [0, 255],
    int32: [-(2 ** 31), 2 ** 31 - 1, 0],
    uint32: [0, 2 ** 32 - 1, 2 ** 31],
    float16: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 65504],
    float32: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 127],
    float64: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 1023],
  };
  return Array.from({ length: count }, (_, i) => {
    const at = (i * 7 + seed) % 23;
    if (at < special[dtype].length) return special[dtype][at];
    if (dtype === "bool") return (i + seed) % 3 === 0 ? 1 : 0;
    const whole = (i * 37 + seed * 11) % 200;
    return isFloat(dtype) ? (whole - 100) / 8 : whole;
  });
}
