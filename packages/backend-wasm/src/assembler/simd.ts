/** Expressions on 128-bit vectors, named as in the WebAssembly specification. */
import { type Code, floatBytes, unsigned } from "./encoding.ts";
import { asI32, type F32, type F64, type I32, type Index, memoryArgument, type Value } from "./values.ts";

export type V128 = Value<"v128">;

function vector(...code: Code): V128 {
  return { type: "v128", code };
}

const opcodes: Code[] = [];

function simd(opcode: number): Code {
  opcodes[opcode] ??= [0xfd, ...unsigned(opcode)];
  return opcodes[opcode];
}

const unary =
  (opcode: number) =>
  (a: V128): V128 =>
    vector(a.code, simd(opcode));
const binary =
  (opcode: number) =>
  (a: V128, b: V128): V128 =>
    vector(a.code, b.code, simd(opcode));
const ternary =
  (opcode: number) =>
  (a: V128, b: V128, c: V128): V128 =>
    vector(a.code, b.code, c.code, simd(opcode));
const test =
  (opcode: number) =>
  (a: V128): I32 => ({ type: "i32", code: [a.code, simd(opcode)] });
const shift =
  (opcode: number) =>
  (a: V128, count: Index): V128 =>
    vector(a.code, asI32(count).code, simd(opcode));
const load =
  (opcode: number, alignment: number) =>
  (pointer: Index, offset = 0): V128 =>
    vector(asI32(pointer).code, simd(opcode), memoryArgument(alignment, offset));
const loadLane =
  (opcode: number, alignment: number) =>
  (pointer: Index, into: V128, lane: number, offset = 0): V128 =>
    vector(asI32(pointer).code, into.code, simd(opcode), memoryArgument(alignment, offset), lane);
const storeLane =
  (opcode: number, alignment: number) =>
  (pointer: Index, value: V128, lane: number, offset = 0): Code => [
    asI32(pointer).code,
    value.code,
    simd(opcode),
    memoryArgument(alignment, offset),
    lane,
  ];
const extractInteger =
  (opcode: number) =>
  (a: V128, lane: number): I32 => ({ type: "i32", code: [a.code, simd(opcode), lane] });
const replaceInteger =
  (opcode: number) =>
  (a: V128, lane: number, value: Index): V128 =>
    vector(a.code, asI32(value).code, simd(opcode), lane);

/** Whole vectors: memory, bits and lanes by position. */
export const v128 = {
  load: load(0, 2),
  load8x8_u: load(2, 0),
  load16x4_u: load(4, 1),
  load32x2_s: load(5, 2),
  load8_splat: load(7, 0),
  load16_splat: load(8, 1),
  load32_splat: load(9, 2),
  load64_splat: load(10, 3),
  load32_zero: load(92, 2),
  load64_zero: load(93, 2),
  load8_lane: loadLane(84, 0),
  load16_lane: loadLane(85, 1),
  load32_lane: loadLane(86, 2),
  load64_lane: loadLane(87, 2),
  store: (pointer: Index, value: V128, offset = 0): Code => [
    asI32(pointer).code,
    value.code,
    simd(11),
    memoryArgument(2, offset),
  ],
  store8_lane: storeLane(88, 0),
  store16_lane: storeLane(89, 1),
  store32_lane: storeLane(90, 2),
  store64_lane: storeLane(91, 2),
  not: unary(77),
  and: binary(78),
  /** a and not b. */
  andnot: binary(79),
  or: binary(80),
  xor: binary(81),
  /** Bits of `a` where `mask` is 1, of `b` where it is 0. */
  bitselect: (a: V128, b: V128, mask: V128): V128 => vector(a.code, b.code, mask.code, simd(82)),
  any_true: test(83),
};

/** Four float32 lanes. */
export const f32x4 = {
  /** All lanes `value`, or the four values given. */
  const: (...values: readonly number[]): V128 =>
    vector(simd(12), ...[0, 1, 2, 3].map((lane) => floatBytes(values[lane % values.length], 4))),
  splat: (a: F32): V128 => vector(a.code, simd(19)),
  extract: (a: V128, lane: number): F32 => ({ type: "f32", code: [a.code, simd(31), lane] }),
  replace: (a: V128, lane: number, value: F32): V128 => vector(a.code, value.code, simd(32), lane),
  eq: binary(65),
  ne: binary(66),
  lt: binary(67),
  gt: binary(68),
  le: binary(69),
  ge: binary(70),
  demote_f64x2_zero: unary(94),
  ceil: unary(103),
  floor: unary(104),
  trunc: unary(105),
  nearest: unary(106),
  abs: unary(224),
  neg: unary(225),
  sqrt: unary(227),
  add: binary(228),
  sub: binary(229),
  mul: binary(230),
  div: binary(231),
  /** NaN if either is. */
  min: binary(232),
  max: binary(233),
  /** b < a ? b : a */
  pmin: binary(234),
  /** a < b ? b : a */
  pmax: binary(235),
  convert_i32x4_s: unary(250),
  convert_i32x4_u: unary(251),
  /** a * b + c with one rounding where the processor can; only in modules for relaxed SIMD. */
  relaxed_madd: ternary(0x105),
  /** c - a * b */
  relaxed_nmadd: ternary(0x106),
};

/** Two float64 lanes. */
export const f64x2 = {
  const: (...values: readonly number[]): V128 =>
    vector(simd(12), ...[0, 1].map((lane) => floatBytes(values[lane % values.length], 8))),
  splat: (a: F64): V128 => vector(a.code, simd(20)),
  extract: (a: V128, lane: number): F64 => ({ type: "f64", code: [a.code, simd(33), lane] }),
  replace: (a: V128, lane: number, value: F64): V128 => vector(a.code, value.code, simd(34), lane),
  eq: binary(71),
  ne: binary(72),
  lt: binary(73),
  gt: binary(74),
  le: binary(75),
  ge: binary(76),
  promote_low_f32x4: unary(95),
  ceil: unary(116),
  floor: unary(117),
  trunc: unary(122),
  nearest: unary(148),
  abs: unary(236),
  neg: unary(237),
  sqrt: unary(239),
  add: binary(240),
  sub: binary(241),
  mul: binary(242),
  div: binary(243),
  min: binary(244),
  max: binary(245),
  pmin: binary(246),
  pmax: binary(247),
  convert_low_i32x4_s: unary(254),
  convert_low_i32x4_u: unary(255),
  relaxed_madd: ternary(0x107),
  relaxed_nmadd: ternary(0x108),
};

/** Four 32-bit integer lanes; comparisons give lanes of all ones or zeros. */
export const i32x4 = {
  const: (...values: readonly number[]): V128 =>
    vector(
      simd(12),
      ...[0, 1, 2, 3].map((lane) => {
        const value = values[lane % values.length] | 0;
        return [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];
      }),
    ),
  splat: (a: Index): V128 => vector(asI32(a).code, simd(17)),
  extract: extractInteger(27),
  replace: replaceInteger(28),
  eq: binary(55),
  ne: binary(56),
  lt_s: binary(57),
  lt_u: binary(58),
  gt_s: binary(59),
  gt_u: binary(60),
  le_s: binary(61),
  le_u: binary(62),
  ge_s: binary(63),
  ge_u: binary(64),
  abs: unary(160),
  neg: unary(161),
  all_true: test(163),
  bitmask: test(164),
  extend_low_i16x8_s: unary(167),
  extend_high_i16x8_s: unary(168),
  extend_low_i16x8_u: unary(169),
  extend_high_i16x8_u: unary(170),
  shl: shift(171),
  shr_s: shift(172),
  shr_u: shift(173),
  add: binary(174),
  sub: binary(177),
  mul: binary(181),
  min_s: binary(182),
  min_u: binary(183),
  max_s: binary(184),
  max_u: binary(185),
  trunc_sat_f32x4_s: unary(248),
  trunc_sat_f32x4_u: unary(249),
  trunc_sat_f64x2_s_zero: unary(252),
  trunc_sat_f64x2_u_zero: unary(253),
};

/** Two 64-bit integer lanes. */
export const i64x2 = {
  extend_low_i32x4_s: unary(199),
  extend_low_i32x4_u: unary(201),
  shl: shift(203),
  shr_s: shift(204),
  shr_u: shift(205),
  add: binary(206),
  sub: binary(209),
  mul: binary(213),
  eq: binary(214),
  ne: binary(215),
};

/** Eight 16-bit integer lanes. */
export const i16x8 = {
  splat: (a: Index): V128 => vector(asI32(a).code, simd(16)),
  extract_u: extractInteger(25),
  replace: replaceInteger(26),
  narrow_i32x4_s: binary(133),
  narrow_i32x4_u: binary(134),
  extend_low_i8x16_s: unary(135),
  extend_low_i8x16_u: unary(137),
  extend_high_i8x16_u: unary(138),
};

/** Sixteen bytes. */
export const i8x16 = {
  splat: (a: Index): V128 => vector(asI32(a).code, simd(15)),
  extract_u: extractInteger(22),
  replace: replaceInteger(23),
  narrow_i16x8_s: binary(101),
  narrow_i16x8_u: binary(102),
  /** Byte i of the result is byte `order[i]` of the 32 bytes of a and b. */
  shuffle: (a: V128, b: V128, order: readonly number[]): V128 => vector(a.code, b.code, simd(13), order as number[]),
  swizzle: binary(14),
};

/** A shuffle of 32-bit lanes: lane i of the result is lane `order[i]` of the eight lanes of a and b. */
export function shuffle32(a: V128, b: V128, order: readonly number[]): V128 {
  return i8x16.shuffle(
    a,
    b,
    order.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)),
  );
}
