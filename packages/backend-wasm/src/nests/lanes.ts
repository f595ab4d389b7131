/**
 * How elements lie in vector registers, and how they get there.
 *
 * A vector holds 4 lanes of 32 bits: float32 and float16 as float32, integers as 32-bit integers (uint8 in 0..255), bool
 * as all ones or zeros. Where float64 is about, it holds 2 lanes: float64 in 64 bits, all else in the low two of 32.
 */
import { bytesPerElement, type DType, isFloat } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, f64x2, i8x16, i16x8, i32x4, i64x2, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import { floatToHalf, halfToFloat } from "./half.ts";

/** Where code for lanes goes, and how many of the lanes matter. */
export interface LaneContext {
  readonly module: ModuleBuilder;
  readonly f: FunctionBuilder;
  /** Lanes that hold elements, from lane 0; the others hold anything. */
  readonly count: number;
}

/** A byte address: a pointer and a distance from it. */
export type Place = readonly [pointer: Index, offset: number];

/** The place `bytes` further on; before the pointer it must be computed, since an instruction's own offset is positive. */
export function moved([pointer, offset]: Place, bytes: number): Place {
  const sum = offset + bytes;
  return sum >= 0 ? [pointer, sum] : [i32.add(pointer, sum), 0];
}

/** All lanes `value`. */
export function constantLanes(f: FunctionBuilder, dtype: DType, value: number): V128 {
  if (dtype === "bool") return constantLanes(f, "int32", value !== 0 ? -1 : 0);
  const type = dtype === "float64" ? f64x2 : isFloat(dtype) ? f32x4 : i32x4;
  return f.constant(type.const(value));
}

/** A mask over 32-bit lanes for values of `dtype`. */
export function maskFor(dtype: DType, mask: V128): V128 {
  return dtype === "float64" ? i64x2.extend_low_i32x4_s(mask) : mask;
}

/** The low words of 64-bit lanes as 32-bit lanes. */
export function lowWords(a: V128, b: V128 = a): V128 {
  return shuffle32(a, b, [0, 2, 4, 6]);
}

function decoded(f: FunctionBuilder, dtype: DType, raw: V128): V128 {
  if (dtype === "float16") return halfToFloat(f, raw);
  return dtype === "bool" ? i32x4.ne(raw, constantLanes(f, "int32", 0)) : raw;
}

function narrowElement(dtype: DType, [pointer, offset]: Place): I32 {
  return bytesPerElement(dtype) === 2 ? i32.load16_u(pointer, offset) : i32.load8_u(pointer, offset);
}

/** One element in all lanes. */
export function loadSplat({ f }: LaneContext, dtype: DType, place: Place): V128 {
  const bytes = bytesPerElement(dtype);
  if (bytes === 8) return v128.load64_splat(...place);
  if (bytes === 4) return v128.load32_splat(...place);
  return decoded(f, dtype, i32x4.splat(narrowElement(dtype, place)));
}

/** Neighbouring elements; up to 16 bytes are read, however many lanes matter. */
function loadNeighbours({ f }: LaneContext, dtype: DType, wide: boolean, place: Place): V128 {
  const bytes = bytesPerElement(dtype);
  if (bytes === 8 || (bytes === 4 && !wide)) return v128.load(...place);
  if (bytes === 4) return v128.load64_zero(...place);
  const raw =
    bytes === 2
      ? v128.load16x4_u(...place)
      : i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(...place)));
  return decoded(f, dtype, raw);
}

/** Elements `step` apart in one or two vectors of neighbours: 32-bit elements with a step of 1, 2 or -1, and all with 1. */
export function loadNear(context: LaneContext, dtype: DType, wide: boolean, step: number, place: Place): V128 {
  const neighbours = (bytes: number): V128 => loadNeighbours(context, dtype, wide, moved(place, bytes));
  if (step === 1) return neighbours(0);
  if (step === 2) return lowWords(neighbours(0), neighbours(16));
  const reversed = context.f.bind(neighbours(-12));
  return shuffle32(reversed, reversed, [3, 2, 1, 0]);
}

/** Whether `loadNear` can. */
export function isNear(dtype: DType, wide: boolean, step: number): boolean {
  return step === 1 || (!wide && bytesPerElement(dtype) === 4 && (step === 2 || step === -1));
}

/** One element per lane that matters, each from a place of its own. */
export function loadLanes({ f, count }: LaneContext, dtype: DType, placeOf: (lane: number) => Place): V128 {
  const bytes = bytesPerElement(dtype);
  let lanes =
    bytes >= 4
      ? (bytes === 8 ? v128.load64_zero : v128.load32_zero)(...placeOf(0))
      : i32x4.splat(narrowElement(dtype, placeOf(0)));
  for (let lane = 1; lane < count; lane++) {
    const [pointer, offset] = placeOf(lane);
    if (bytes === 8) lanes = v128.load64_lane(pointer, lanes, lane, offset);
    else if (bytes === 4) lanes = v128.load32_lane(pointer, lanes, lane, offset);
    else lanes = i32x4.replace(lanes, lane, narrowElement(dtype, [pointer, offset]));
  }
  return decoded(f, dtype, lanes);
}

/** Stores the lanes that matter, `stride` bytes apart. */
export function storeLanes(
  { f, count }: LaneContext,
  dtype: DType,
  wide: boolean,
  place: Place,
  stride: number,
  value: V128,
): void {
  const bytes = bytesPerElement(dtype);
  let lanes =
    dtype === "float16"
      ? floatToHalf(f, value)
      : dtype === "bool"
        ? v128.and(value, constantLanes(f, "int32", 1))
        : value;
  if (count === (wide ? 2 : 4) && stride === bytes) {
    if (bytes === 8 || (bytes === 4 && !wide)) {
      f.emit(v128.store(place[0], lanes, place[1]));
      return;
    }
    // The narrow elements move together at the low end.
    if (bytes < 4) {
      const order = Array.from({ length: 16 }, (_, byte) => Math.floor(byte / bytes) * 4 + (byte % bytes));
      const bound = f.bind(lanes);
      lanes = i8x16.shuffle(
        bound,
        bound,
        order.map((byte) => byte % 32),
      );
    }
    const store = { 8: v128.store64_lane, 4: v128.store32_lane, 2: v128.store16_lane }[bytes * count];
    if (store) f.emit(store(place[0], lanes, 0, place[1]));
    return;
  }
  const store = { 8: v128.store64_lane, 4: v128.store32_lane, 2: v128.store16_lane, 1: v128.store8_lane }[bytes];
  const bound = f.bind(lanes);
  for (let lane = 0; lane < count; lane++) {
    const [pointer, offset] = moved(place, lane * stride);
    if (store) f.emit(store(pointer, bound, bytes >= 4 ? lane : (lane * 4) / bytes, offset));
  }
}

/** `compute` done by the host's `name` on each float64 lane that matters. */
export function callHost({ module, f, count }: LaneContext, name: string, operands: readonly V128[]): V128 {
  const host = module.import(
    name,
    operands.map(() => "f64" as const),
    "f64",
  );
  const bound = operands.map((operand) => f.bind(operand));
  const lane = (i: number) => f.call(host, ...bound.map((operand) => f64x2.extract(operand, i)));
  const first = f64x2.splat(lane(0));
  return count > 1 ? f64x2.replace(first, 1, lane(1)) : first;
}
