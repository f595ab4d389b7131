/** float16 and back, four lanes at a time: IEEE 754 binary16 patterns in 32-bit lanes, rounded to nearest even. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, i32x4, type V128, v128 } from "../assembler/simd.ts";

/** The numbers whose patterns the lanes hold. */
export function halfToFloat(f: FunctionBuilder, half: V128): V128 {
  const word = (value: number): V128 => f.constant(i32x4.const(value));
  const h = f.bind(half);
  const magnitude = f.bind(i32x4.shl(v128.and(h, word(0x7fff)), 13));
  // The exponent's bias differs by 112; infinity and NaN keep an exponent of all ones.
  const number = v128.or(
    f32x4.mul(magnitude, f.constant(f32x4.const(2 ** 112))),
    v128.and(i32x4.ge_s(magnitude, word(0x0f800000)), word(0x7f800000)),
  );
  return v128.or(number, i32x4.shl(v128.and(h, word(0x8000)), 16));
}

/** The patterns of the lanes rounded to float16. */
export function floatToHalf(f: FunctionBuilder, value: V128): V128 {
  const word = (value: number): V128 => f.constant(i32x4.const(value));
  const x = f.bind(value);
  const magnitude = f.bind(v128.and(x, word(0x7fffffff)));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), word(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, word(0xfff - 0x38000000)), odd), 13);
  // Adding 0.5 lets the float32 adder round a subnormal's mantissa into place.
  const subnormal = i32x4.sub(f32x4.add(magnitude, f.constant(f32x4.const(0.5))), word(0x3f000000));
  const infinite = v128.or(word(0x7c00), v128.and(i32x4.gt_s(magnitude, word(0x7f800000)), word(0x0200)));
  const finite = v128.bitselect(subnormal, normal, i32x4.lt_s(magnitude, word(0x38800000)));
  const half = v128.bitselect(infinite, finite, i32x4.ge_s(magnitude, word(0x47800000)));
  return v128.or(half, v128.and(i32x4.shr_u(x, 16), word(0x8000)));
}
