/** Scalar operators on vectors, by tables: what each dtype's lanes have an instruction for, and what takes several. */
import { type DType, isFloat, type ScalarOperator } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { f32x4, f64x2, i32x4, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { i32 } from "../assembler/values.ts";
import { float32Function } from "../math/functions.ts";
import { cast } from "./cast.ts";
import { callHost, constantLanes, type LaneContext, lowWords, maskFor } from "./lanes.ts";

/** An operand: its lanes, and the number in all of them where that is known. */
export interface Operand {
  readonly lanes: V128;
  readonly constant?: number;
}

const floatInstructions = {
  negate: "neg",
  absolute: "abs",
  floor: "floor",
  ceil: "ceil",
  round: "nearest",
  sqrt: "sqrt",
  add: "add",
  subtract: "sub",
  multiply: "mul",
  divide: "div",
} as const;

/** Take one instruction each where "max" and "min" take eight. */
const extremes = { maximum: "pmax", minimum: "pmin" } as const;

const comparisons = {
  equal: "eq",
  notEqual: "ne",
  less: "lt",
  lessEqual: "le",
  greater: "gt",
  greaterEqual: "ge",
} as const;

const integerInstructions = { negate: "neg", add: "add", subtract: "sub", multiply: "mul" } as const;

const bitInstructions = {
  bitwiseAnd: v128.and,
  bitwiseOr: v128.or,
  bitwiseXor: v128.xor,
  and: v128.and,
  or: v128.or,
  not: v128.not,
} as const;

/** What bool makes of arithmetic on truth values. */
const boolInstructions = { maximum: v128.or, minimum: v128.and, add: v128.or, multiply: v128.and } as const;

type Instruction = (...operands: V128[]) => V128;

function find<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return table[key];
}

/** The lanes of `operator` on operands of dtype `from` (that of the last), as `dtype`. */
export function applyOperator(
  context: LaneContext,
  operator: ScalarOperator,
  dtype: DType,
  from: DType,
  operands: readonly Operand[],
): V128 {
  const { f } = context;
  const lanes = operands.map((operand) => operand.lanes);
  if (operator === "cast") return cast(f, lanes[0], from, dtype);
  if (operator === "where") return v128.bitselect(lanes[1], lanes[2], maskFor(dtype, lanes[0]));
  const bits = find<Instruction>(bitInstructions as never, operator);
  if (bits) return bits(...lanes);
  const comparison = find(comparisons, operator);
  if (comparison) return compared(f, comparison, from, lanes);
  if (dtype === "bool") return (boolInstructions as unknown as Record<string, Instruction>)[operator](...lanes);
  if (isFloat(dtype)) return floats(context, operator, dtype, operands);
  const result = integers(f, operator, dtype, operands);
  return dtype === "uint8" ? v128.and(result, constantLanes(f, dtype, 255)) : result;
}

type Comparison = (typeof comparisons)[keyof typeof comparisons];

function compared(f: FunctionBuilder, comparison: Comparison, from: DType, [a, b]: readonly V128[]): V128 {
  if (from === "float64") return lowWords(f64x2[comparison](a, b), constantLanes(f, "int32", 0));
  if (isFloat(from)) return f32x4[comparison](a, b);
  if (comparison === "eq" || comparison === "ne") return i32x4[comparison](a, b);
  return i32x4[`${comparison}_${from === "int32" ? "s" : "u"}`](a, b);
}

function floats(context: LaneContext, operator: ScalarOperator, dtype: DType, operands: readonly Operand[]): V128 {
  const { module, f } = context;
  const type = dtype === "float64" ? f64x2 : f32x4;
  const lanes = operands.map((operand) => operand.lanes);
  const extreme = find(extremes, operator);
  if (extreme) {
    // Of a NaN, these keep the first operand: a constant goes second, and other second operands add their own NaN.
    const [first, second] = operands[0].constant === undefined ? lanes : [lanes[1], lanes[0]];
    if (operands.some(({ constant }) => constant !== undefined && !Number.isNaN(constant)))
      return type[extreme](first, second);
    const b = f.bind(second);
    return v128.or(type[extreme](first, b), type.ne(b, b));
  }
  const name = find(floatInstructions, operator);
  if (name) return (type[name] as Instruction)(...lanes);
  if (operator === "sign") {
    const x = f.bind(lanes[0]);
    const [zero, negativeZero, one] = [0, -0, 1].map((value) => constantLanes(f, dtype, value));
    const signedOne = v128.or(v128.and(x, negativeZero), one);
    return v128.bitselect(signedOne, x, v128.or(type.lt(x, zero), type.gt(x, zero)));
  }
  if (operator === "floorDivide" || operator === "remainder") {
    const compute =
      operator === "remainder" ? remainder : (_: FunctionBuilder, a: V128, b: V128) => f64x2.floor(f64x2.div(a, b));
    if (dtype === "float64") return compute(f, lanes[0], lanes[1]);
    const [low, high] = inHalves(f, lanes, f64x2.promote_low_f32x4, (a, b) =>
      f32x4.demote_f64x2_zero(compute(f, a, b)),
    );
    return shuffle32(low, high, [0, 1, 4, 5]);
  }
  if (dtype === "float64") return callHost(context, operator, lanes);
  const fast = float32Function(operator);
  if (!fast) throw new Error(`wasm: no instructions for ${operator} in ${dtype}.`);
  return fast(module, f, lanes[0], lanes[1]);
}

/** a - floor(a / b) * b; with an infinite b, a where the signs agree and b where not. */
function remainder(f: FunctionBuilder, x: V128, y: V128): V128 {
  const [a, b] = [f.bind(x), f.bind(y)];
  const usual = f64x2.sub(a, f64x2.mul(f64x2.floor(f64x2.div(a, b)), b));
  const beyond = v128.bitselect(b, a, f64x2.lt(f64x2.mul(a, b), constantLanes(f, "float64", 0)));
  const infinite = f64x2.eq(f64x2.abs(b), constantLanes(f, "float64", Number.POSITIVE_INFINITY));
  return v128.bitselect(f64x2.add(beyond, f64x2.sub(a, a)), usual, infinite);
}

/** `compute` on the lower two lanes of the operands and on the upper two, brought to 64 bits by `widen`. */
function inHalves(
  f: FunctionBuilder,
  lanes: readonly V128[],
  widen: (x: V128) => V128,
  compute: (a: V128, b: V128) => V128,
): [V128, V128] {
  const bound = lanes.map((x) => f.bind(x));
  const upper = bound.map((x) => shuffle32(x, x, [2, 3, 2, 3]));
  const [low, high] = [bound, upper].map((half) => f.local("v128", compute(widen(half[0]), widen(half[1]))));
  return [low, high];
}

function integers(f: FunctionBuilder, operator: ScalarOperator, dtype: DType, operands: readonly Operand[]): V128 {
  const lanes = operands.map((operand) => operand.lanes);
  const [a, b] = lanes;
  const signed = dtype === "int32";
  const name = find(integerInstructions, operator);
  if (name) return (i32x4[name] as Instruction)(...lanes);
  switch (operator) {
    case "absolute":
      return signed ? i32x4.abs(a) : a;
    case "sign": {
      const x = f.bind(a);
      const zero = constantLanes(f, dtype, 0);
      return signed ? i32x4.sub(i32x4.lt_s(x, zero), i32x4.gt_s(x, zero)) : i32x4.min_u(x, constantLanes(f, dtype, 1));
    }
    case "maximum":
      return (signed ? i32x4.max_s : i32x4.max_u)(a, b);
    case "minimum":
      return (signed ? i32x4.min_s : i32x4.min_u)(a, b);
    case "shiftLeft":
    case "shiftRight":
      return shifted(f, operator === "shiftLeft" ? "shl" : signed ? "shr_s" : "shr_u", operands);
    case "floorDivide":
      return quotient(f, signed, operands);
    default: {
      const bound = operands.map((operand) => ({ ...operand, lanes: f.bind(operand.lanes) }));
      const [{ lanes: x }, { lanes: y, constant }] = bound;
      if (isPowerOfTwo(constant)) return v128.and(x, constantLanes(f, dtype, constant - 1));
      return i32x4.sub(x, i32x4.mul(quotient(f, signed, bound), y));
    }
  }
}

function isPowerOfTwo(constant: number | undefined): constant is number {
  return constant !== undefined && constant > 0 && Number.isInteger(Math.log2(constant));
}

function shifted(f: FunctionBuilder, name: "shl" | "shr_s" | "shr_u", [a, b]: readonly Operand[]): V128 {
  if (b.constant !== undefined) return i32x4[name](a.lanes, b.constant);
  const [x, counts] = [f.bind(a.lanes), f.bind(b.lanes)];
  return [0, 1, 2, 3].reduce(
    (lanes, lane) => i32x4.replace(lanes, lane, i32[name](i32x4.extract(x, lane), i32x4.extract(counts, lane))),
    x as V128,
  );
}

/** Floor of the quotient in float64, which is exact for 32-bit integers; its low word wraps around as integers do. */
function quotient(f: FunctionBuilder, signed: boolean, [a, b]: readonly Operand[]): V128 {
  if (isPowerOfTwo(b.constant)) return i32x4[signed ? "shr_s" : "shr_u"](a.lanes, Math.log2(b.constant));
  const number = (value: number): V128 => constantLanes(f, "float64", value);
  const widen = signed ? f64x2.convert_low_i32x4_s : f64x2.convert_low_i32x4_u;
  const reciprocal = b.constant !== undefined && b.constant > 0 ? 1 / b.constant : undefined;
  const divide = (x: V128, y: V128): V128 =>
    // Half a unit more keeps whole quotients clear of the rounding of the reciprocal.
    reciprocal === undefined ? f64x2.div(x, y) : f64x2.mul(f64x2.add(x, number(0.5)), number(reciprocal));
  const [low, high] = inHalves(f, [a.lanes, b.lanes], widen, (x, y) =>
    f64x2.add(f64x2.floor(divide(x, y)), number(2 ** 52 + 2 ** 51)),
  );
  return lowWords(low, high);
}
