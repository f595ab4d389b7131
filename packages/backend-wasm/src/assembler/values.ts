/**
 * Scalar expressions. A Value is a tree of instructions that leaves one value; using it twice computes it twice, so
 * bind what is dear to a local. Whole numbers may stand for constants; arithmetic on constants is done here.
 */
import { type Code, floatBytes, signed, unsigned, type ValueType } from "./encoding.ts";

export interface Value<T extends ValueType = ValueType> {
  readonly type: T;
  readonly code: Code;
  /** The number, when it is known now. */
  readonly constant?: number;
}

export type I32 = Value<"i32">;
export type F32 = Value<"f32">;
export type F64 = Value<"f64">;
/** An i32 or a number that stands for its constant. */
export type Index = I32 | number;

/** The alignment hint (a power of two) and the offset of a memory access. */
export function memoryArgument(alignment: number, offset: number): Code {
  return [alignment, unsigned(offset)];
}

/** A constant for `value`, or the value itself. */
export function asI32(value: Index): I32 {
  return typeof value === "number" ? { type: "i32", code: [0x41, signed(value)], constant: value | 0 } : value;
}

function asF32(value: F32 | number): F32 {
  return typeof value === "number" ? { type: "f32", code: [0x43, floatBytes(value, 4)] } : value;
}

function asF64(value: F64 | number): F64 {
  return typeof value === "number" ? { type: "f64", code: [0x44, floatBytes(value, 8)] } : value;
}

type Fold = (a: number, b: number) => number;

function integer(opcode: number, fold?: Fold): (a: Index, b: Index) => I32 {
  return (a, b) => {
    const [left, right] = [asI32(a), asI32(b)];
    if (fold && left.constant !== undefined && right.constant !== undefined) {
      return asI32(fold(left.constant, right.constant) | 0);
    }
    return { type: "i32", code: [left.code, right.code, opcode] };
  };
}

function float32(opcode: number): (a: F32 | number, b: F32 | number) => F32 {
  return (a, b) => ({ type: "f32", code: [asF32(a).code, asF32(b).code, opcode] });
}

function float64(opcode: number): (a: F64 | number, b: F64 | number) => F64 {
  return (a, b) => ({ type: "f64", code: [asF64(a).code, asF64(b).code, opcode] });
}

/** A load of one value of memory at `pointer + offset`. */
function load<T extends ValueType>(type: T, opcode: number, alignment: number) {
  return (pointer: Index, offset = 0): Value<T> => ({
    type,
    code: [asI32(pointer).code, opcode, memoryArgument(alignment, offset)],
  });
}

/** A store to `pointer + offset`; a statement. */
function store(opcode: number, alignment: number) {
  return (pointer: Index, value: Value | number, offset = 0): Code => [
    asI32(pointer).code,
    (typeof value === "number" ? asI32(value) : value).code,
    opcode,
    memoryArgument(alignment, offset),
  ];
}

const plainAdd = integer(0x6a, (a, b) => a + b);
const plainMultiply = integer(0x6c, Math.imul);
const shiftLeft = integer(0x74, (a, b) => a << b);

/** Instructions on 32-bit integers; comparisons give 0 or 1. */
export const i32 = {
  const: (value: number): I32 => asI32(value),
  add: (a: Index, b: Index): I32 => (isConstant(b, 0) ? asI32(a) : isConstant(a, 0) ? asI32(b) : plainAdd(a, b)),
  sub: (a: Index, b: Index): I32 => (isConstant(b, 0) ? asI32(a) : plainSubtract(a, b)),
  mul: (a: Index, b: Index): I32 => {
    const factor = asI32(b).constant;
    if (asI32(a).constant !== undefined && factor === undefined) return i32.mul(b, a);
    if (factor === 0) return asI32(0);
    if (factor === 1) return asI32(a);
    const power = factor === undefined ? -1 : Math.log2(factor);
    return Number.isInteger(power) && power > 0 ? shiftLeft(a, power) : plainMultiply(a, b);
  },
  div_s: integer(0x6d),
  div_u: integer(0x6e, (a, b) => (a >>> 0) / (b >>> 0)),
  rem_s: integer(0x6f),
  rem_u: integer(0x70, (a, b) => (a >>> 0) % (b >>> 0)),
  and: integer(0x71, (a, b) => a & b),
  or: integer(0x72, (a, b) => a | b),
  xor: integer(0x73, (a, b) => a ^ b),
  shl: shiftLeft,
  shr_s: integer(0x75, (a, b) => a >> b),
  shr_u: integer(0x76, (a, b) => a >>> b),
  eq: integer(0x46, (a, b) => Number(a === b)),
  ne: integer(0x47, (a, b) => Number(a !== b)),
  lt_s: integer(0x48, (a, b) => Number(a < b)),
  lt_u: integer(0x49, (a, b) => Number(a >>> 0 < b >>> 0)),
  gt_s: integer(0x4a, (a, b) => Number(a > b)),
  gt_u: integer(0x4b, (a, b) => Number(a >>> 0 > b >>> 0)),
  le_s: integer(0x4c, (a, b) => Number(a <= b)),
  le_u: integer(0x4d, (a, b) => Number(a >>> 0 <= b >>> 0)),
  ge_s: integer(0x4e, (a, b) => Number(a >= b)),
  ge_u: integer(0x4f, (a, b) => Number(a >>> 0 >= b >>> 0)),
  eqz: (a: Index): I32 => ({ type: "i32", code: [asI32(a).code, 0x45] }),
  /** The lesser of two signed numbers; both are computed twice, so pass locals or constants. */
  min: (a: Index, b: Index): I32 => select(asI32(a), asI32(b), i32.lt_s(a, b)),
  max: (a: Index, b: Index): I32 => select(asI32(a), asI32(b), i32.gt_s(a, b)),
  trunc_sat_f32_s: (a: F32): I32 => ({ type: "i32", code: [a.code, 0xfc, 0] }),
  trunc_sat_f32_u: (a: F32): I32 => ({ type: "i32", code: [a.code, 0xfc, 1] }),
  trunc_sat_f64_s: (a: F64): I32 => ({ type: "i32", code: [a.code, 0xfc, 2] }),
  trunc_sat_f64_u: (a: F64): I32 => ({ type: "i32", code: [a.code, 0xfc, 3] }),
  reinterpret_f32: (a: F32): I32 => ({ type: "i32", code: [a.code, 0xbc] }),
  load: load("i32", 0x28, 2),
  load8_u: load("i32", 0x2d, 0),
  load16_u: load("i32", 0x2f, 1),
  store: store(0x36, 2),
  store8: store(0x3a, 0),
  store16: store(0x3b, 1),
};

const plainSubtract = integer(0x6b, (a, b) => a - b);

function isConstant(value: Index, number: number): boolean {
  return asI32(value).constant === number;
}

/** Instructions on float32 numbers. */
export const f32 = {
  const: (value: number): F32 => asF32(value),
  add: float32(0x92),
  sub: float32(0x93),
  mul: float32(0x94),
  div: float32(0x95),
  min: float32(0x96),
  max: float32(0x97),
  load: load("f32", 0x2a, 2),
  store: store(0x38, 2),
  convert_i32_s: (a: Index): F32 => ({ type: "f32", code: [asI32(a).code, 0xb2] }),
  demote_f64: (a: F64): F32 => ({ type: "f32", code: [a.code, 0xb6] }),
  reinterpret_i32: (a: Index): F32 => ({ type: "f32", code: [asI32(a).code, 0xbe] }),
};

/** Instructions on float64 numbers. */
export const f64 = {
  const: (value: number): F64 => asF64(value),
  add: float64(0xa0),
  sub: float64(0xa1),
  mul: float64(0xa2),
  div: float64(0xa3),
  min: float64(0xa4),
  max: float64(0xa5),
  load: load("f64", 0x2b, 3),
  store: store(0x39, 3),
  convert_i32_s: (a: Index): F64 => ({ type: "f64", code: [asI32(a).code, 0xb7] }),
  convert_i32_u: (a: Index): F64 => ({ type: "f64", code: [asI32(a).code, 0xb8] }),
  promote_f32: (a: F32): F64 => ({ type: "f64", code: [a.code, 0xbb] }),
};

/** `whenTrue` where `condition` is not 0; both are computed. */
export function select<T extends ValueType>(whenTrue: Value<T>, whenFalse: Value<T>, condition: I32): Value<T> {
  if (condition.constant !== undefined) return condition.constant !== 0 ? whenTrue : whenFalse;
  const typed: Code = whenTrue.type === "v128" ? [0x1c, 1, 0x7b] : [0x1b];
  return { type: whenTrue.type, code: [whenTrue.code, whenFalse.code, condition.code, typed] };
}

/** Sets `length` bytes from `pointer` on to `byte`; a statement. */
export function fillBytes(pointer: Index, byte: Index, length: Index): Code {
  return [asI32(pointer).code, asI32(byte).code, asI32(length).code, 0xfc, 0x0b, 0x00];
}

/** Copies `length` bytes; a statement. */
export function copyBytes(to: Index, from: Index, length: Index): Code {
  return [asI32(to).code, asI32(from).code, asI32(length).code, 0xfc, 0x0a, 0x00, 0x00];
}

/** Atomic instructions on shared memory; addresses are multiples of 4. */
export const atomic = {
  load: (pointer: Index): I32 => ({ type: "i32", code: [asI32(pointer).code, 0xfe, 0x10, memoryArgument(2, 0)] }),
  store: (pointer: Index, value: Index): Code => [
    asI32(pointer).code,
    asI32(value).code,
    0xfe,
    0x17,
    memoryArgument(2, 0),
  ],
  /** Adds and gives the old value. */
  add: (pointer: Index, value: Index): I32 => ({
    type: "i32",
    code: [asI32(pointer).code, asI32(value).code, 0xfe, 0x1e, memoryArgument(2, 0)],
  }),
  /** Waits while the word is `expected`, without a time limit. */
  wait: (pointer: Index, expected: Index): I32 => ({
    type: "i32",
    code: [asI32(pointer).code, asI32(expected).code, 0x42, 0x7f, 0xfe, 0x01, memoryArgument(2, 0)],
  }),
  /** Wakes everyone who waits on the word. */
  notify: (pointer: Index): I32 => ({
    type: "i32",
    code: [asI32(pointer).code, asI32(0x7fffffff).code, 0xfe, 0x00, memoryArgument(2, 0)],
  }),
};
