/** What values are in WGSL: their types, their constants, and how they change from one type into another. */
import { bytesPerElement, type DType } from "@sconce/core";
import { floatToHalf, halfToFloat } from "../shaders/half.ts";
import { floatLiteral, type ShaderFunction } from "../shaders/library.ts";
import { infinity, isZero, nan } from "../shaders/special-values.ts";

/** Notes that a shader calls a function of the library, and gives its name. */
export type Use = (needed: ShaderFunction) => string;

/** The type in which a shader computes: float16 as f32, uint8 as u32 below 256. */
export function valueType(dtype: DType): "f32" | "i32" | "u32" | "bool" {
  if (dtype === "bool") return "bool";
  if (dtype === "int32") return "i32";
  return dtype === "uint32" || dtype === "uint8" ? "u32" : "f32";
}

/** Elements in one word of memory. */
export function elementsPerWord(dtype: DType): number {
  return 4 / bytesPerElement(dtype);
}

/** The type of a word of memory. */
export function wordType(dtype: DType): "f32" | "i32" | "u32" {
  const type = valueType(dtype);
  return elementsPerWord(dtype) > 1 || type === "bool" ? "u32" : type;
}

export function constant(value: number, dtype: DType, use: Use): string {
  switch (valueType(dtype)) {
    case "bool":
      return value !== 0 ? "true" : "false";
    case "i32":
      // The least integer is no literal: the sign is an operator.
      return value <= -(2 ** 31) ? "bitcast<i32>(0x80000000u)" : `${value | 0}i`;
    case "u32":
      return `${dtype === "uint8" ? value & 255 : value >>> 0}u`;
    default:
      if (Number.isNaN(value)) return `${use(nan)}()`;
      if (Number.isFinite(Math.fround(value))) return floatLiteral(value);
      return `${value < 0 ? "-" : ""}${use(infinity)}()`;
  }
}

/** `value` of dtype `from` as `to`: floats round, floats to integers truncate, integers wrap, bool is x != 0. */
export function cast(value: string, from: DType, to: DType, use: Use): string {
  const [before, after] = [valueType(from), valueType(to)];
  if (to === "float16" && from !== "float16" && from !== "bool" && from !== "uint8") {
    return `${use(halfToFloat)}(${use(floatToHalf)}(${before === "f32" ? value : `f32(${value})`}))`;
  }
  if (from === to || (before === after && to !== "uint8")) return value;
  if (after === "bool") return before === "f32" ? `!${use(isZero)}(${value})` : `(${value} != ${before}(0))`;
  if (before === "bool") return `select(${after}(0), ${after}(1), ${value})`;
  const signed = before === "f32" && to === "uint8" ? `i32(${value})` : value;
  return to === "uint8" ? `(${after}(${signed}) & 255u)` : `${after}(${value})`;
}

/** The element `at` of an array of words, given how a word of it is written. */
export function element(word: (index: string) => string, dtype: DType, at: string, use: Use): string {
  const perWord = elementsPerWord(dtype);
  if (perWord === 1) return word(at);
  if (perWord === 2) return `${use(halfToFloat)}((${word(`${at} >> 1u`)} >> ((${at} & 1u) * 16u)) & 0xffffu)`;
  const byte = `((${word(`${at} >> 2u`)} >> ((${at} & 3u) * 8u)) & 255u)`;
  return dtype === "bool" ? `(${byte} != 0u)` : byte;
}

/** The word that consecutive elements make. */
export function packed(values: readonly string[], dtype: DType, use: Use): string {
  const bits = (value: string): string => {
    if (dtype === "float16") return `${use(floatToHalf)}(${value})`;
    return dtype === "bool" ? `select(0u, 1u, ${value})` : value;
  };
  const width = 32 / values.length;
  return values.map((value, i) => (i === 0 ? bits(value) : `(${bits(value)} << ${i * width}u)`)).join(" | ");
}
