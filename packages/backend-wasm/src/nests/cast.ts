/** Conversion of lanes between dtypes: floats round, floats to integers truncate, integers wrap around, bool is x != 0. */
import { type DType, isFloat } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, f64x2, i32x4, type V128, v128 } from "../assembler/simd.ts";
import { floatToHalf, halfToFloat } from "./half.ts";
import { constantLanes, lowWords, maskFor } from "./lanes.ts";

export function cast(f: FunctionBuilder, value: V128, from: DType, to: DType): V128 {
  if (from === to) return value;
  if (from === "bool") return v128.and(maskFor(to, value), constantLanes(f, to, 1));
  const wide = from === "float64";
  if (to === "bool") {
    const zero = constantLanes(f, from, 0);
    if (wide) return lowWords(f64x2.ne(value, zero), zero);
    return (isFloat(from) ? f32x4 : i32x4).ne(value, zero);
  }
  const unsigned = (isFloat(from) ? to : from) === "uint32";
  if (!isFloat(to)) {
    const whole = !isFloat(from) ? value : truncated(value, wide, unsigned);
    return to === "uint8" ? v128.and(whole, constantLanes(f, to, 255)) : whole;
  }
  if (to === "float64") {
    if (isFloat(from)) return f64x2.promote_low_f32x4(value);
    return (unsigned ? f64x2.convert_low_i32x4_u : f64x2.convert_low_i32x4_s)(value);
  }
  const single = wide
    ? f32x4.demote_f64x2_zero(value)
    : isFloat(from)
      ? value
      : (unsigned ? f32x4.convert_i32x4_u : f32x4.convert_i32x4_s)(value);
  return to === "float16" ? halfToFloat(f, floatToHalf(f, single)) : single;
}

function truncated(value: V128, wide: boolean, unsigned: boolean): V128 {
  if (wide) return (unsigned ? i32x4.trunc_sat_f64x2_u_zero : i32x4.trunc_sat_f64x2_s_zero)(value);
  return (unsigned ? i32x4.trunc_sat_f32x4_u : i32x4.trunc_sat_f32x4_s)(value);
}
