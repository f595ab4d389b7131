/**
 * The scalar operators that loop nests are made of, with their reference meaning.
 *
 * `evaluate` computes in JavaScript numbers; `roundTo` then brings the result into the dtype's own values. Backends
 * may keep more precision between instructions than the dtype has, but never less, and must agree on special values:
 * NaN propagates through maximum and minimum, comparisons with NaN are false (notEqual is true), integers wrap around,
 * `divide` and the functions are defined on floats only; integers use floorDivide and remainder (by zero: unspecified).
 */
import type { DType } from "../dtype.ts";
import { erf } from "../erf.ts";
import { floatToHalf, halfToFloat } from "../half.ts";

/** How an operator's result dtype follows from its operands. */
export type ResultRule = "same" | "bool" | "cast";

export interface ScalarOperatorTraits {
  readonly arity: 1 | 2 | 3;
  /** `same`: the dtype of the last operand; `bool`: a truth value; `cast`: whatever the instruction says. */
  readonly result: ResultRule;
  /** Operand dtypes it accepts. */
  readonly accepts: "float" | "integer" | "number" | "bool" | "any";
  /** Rough work, in additions. */
  readonly cost: number;
  evaluate(a: number, b: number, c: number, dtype: DType): number;
}

function unary(
  accepts: ScalarOperatorTraits["accepts"],
  cost: number,
  evaluate: (a: number) => number,
): ScalarOperatorTraits {
  return { arity: 1, result: "same", accepts, cost, evaluate };
}

function binary(
  accepts: ScalarOperatorTraits["accepts"],
  cost: number,
  evaluate: ScalarOperatorTraits["evaluate"],
): ScalarOperatorTraits {
  return { arity: 2, result: "same", accepts, cost, evaluate };
}

function compare(evaluate: (a: number, b: number) => boolean): ScalarOperatorTraits {
  return { arity: 2, result: "bool", accepts: "any", cost: 1, evaluate: (a, b) => (evaluate(a, b) ? 1 : 0) };
}

/** Rounds half to even, as IEEE 754 and PyTorch do. */
export function roundHalfEven(x: number): number {
  if (Math.abs(x) >= 2 ** 52 || x === 0 || Number.isNaN(x)) return x;
  const floor = Math.floor(x);
  const fraction = x - floor;
  const rounded = fraction < 0.5 ? floor : fraction > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
  return rounded === 0 && x < 0 ? -0 : rounded;
}

const integer = (dtype: DType): boolean => dtype === "int32" || dtype === "uint32" || dtype === "uint8";

/** The name of a scalar operator. */
export type ScalarOperator =
  | "negate"
  | "absolute"
  | "sign"
  | "floor"
  | "ceil"
  | "round"
  | "sqrt"
  | "exp"
  | "expm1"
  | "log"
  | "log1p"
  | "sin"
  | "cos"
  | "tan"
  | "tanh"
  | "erf"
  | "not"
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "floorDivide"
  | "remainder"
  | "power"
  | "maximum"
  | "minimum"
  | "and"
  | "or"
  | "bitwiseAnd"
  | "bitwiseOr"
  | "bitwiseXor"
  | "shiftLeft"
  | "shiftRight"
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual"
  | "where"
  | "cast";

/** Every scalar operator by name. */
export const scalarOperators: Readonly<Record<ScalarOperator, ScalarOperatorTraits>> = {
  negate: unary("number", 1, (a) => -a),
  absolute: unary("number", 1, Math.abs),
  sign: unary("number", 1, Math.sign),
  floor: unary("float", 1, Math.floor),
  ceil: unary("float", 1, Math.ceil),
  round: unary("float", 1, roundHalfEven),
  sqrt: unary("float", 4, Math.sqrt),
  exp: unary("float", 12, Math.exp),
  expm1: unary("float", 14, Math.expm1),
  log: unary("float", 12, Math.log),
  log1p: unary("float", 14, Math.log1p),
  sin: unary("float", 14, Math.sin),
  cos: unary("float", 14, Math.cos),
  tan: unary("float", 16, Math.tan),
  tanh: unary("float", 14, Math.tanh),
  erf: unary("float", 16, erf),
  not: unary("bool", 1, (a) => (a ? 0 : 1)),
  add: binary("number", 1, (a, b) => a + b),
  subtract: binary("number", 1, (a, b) => a - b),
  multiply: binary("number", 1, (a, b, _, dtype) => (integer(dtype) ? Math.imul(a, b) : a * b)),
  divide: binary("float", 4, (a, b) => a / b),
  floorDivide: binary("number", 4, (a, b) => Math.floor(a / b)),
  remainder: binary("number", 4, (a, b) =>
    Math.abs(b) === Number.POSITIVE_INFINITY ? infiniteRemainder(a, b) : a - Math.floor(a / b) * b,
  ),
  // IEEE 754: 1 to any power, and -1 to an infinite one, is 1; JavaScript says NaN.
  power: binary("float", 24, (a, b) =>
    a === 1 || b === 0 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b,
  ),
  maximum: binary("any", 1, (a, b) => Math.max(a, b)),
  minimum: binary("any", 1, (a, b) => Math.min(a, b)),
  and: binary("bool", 1, (a, b) => (a && b ? 1 : 0)),
  or: binary("bool", 1, (a, b) => (a || b ? 1 : 0)),
  bitwiseAnd: binary("integer", 1, (a, b) => a & b),
  bitwiseOr: binary("integer", 1, (a, b) => a | b),
  bitwiseXor: binary("integer", 1, (a, b) => a ^ b),
  /** The shift count must be in [0, 31]. */
  shiftLeft: binary("integer", 1, (a, b) => a << b),
  /** Arithmetic for int32, logical for uint32 and uint8. */
  shiftRight: binary("integer", 1, (a, b, _, dtype) => (dtype === "int32" ? a >> b : a >>> b)),
  equal: compare((a, b) => a === b),
  notEqual: compare((a, b) => a !== b),
  less: compare((a, b) => a < b),
  lessEqual: compare((a, b) => a <= b),
  greater: compare((a, b) => a > b),
  greaterEqual: compare((a, b) => a >= b),
  /** where(condition, whenTrue, whenFalse); the condition is a bool. */
  where: { arity: 3, result: "same", accepts: "any", cost: 1, evaluate: (a, b, c) => (a ? b : c) },
  /** Conversion to the instruction's dtype: floats round, floats to integers truncate towards zero (outside the range: unspecified), bool is x != 0. */
  cast: { arity: 1, result: "cast", accepts: "any", cost: 1, evaluate: (a) => a },
};

function infiniteRemainder(a: number, b: number): number {
  if (!Number.isFinite(a)) return Number.NaN;
  return a === 0 || a > 0 === b > 0 ? a : b;
}

/** Brings a computed number into the values that `dtype` can hold. */
export function roundTo(value: number, dtype: DType): number {
  switch (dtype) {
    case "float64":
      return value;
    case "float32":
      return Math.fround(value);
    case "float16":
      return halfToFloat(floatToHalf(value));
    case "int32":
      return value | 0;
    case "uint32":
      return value >>> 0;
    case "uint8":
      return value & 255;
    case "bool":
      return value !== 0 ? 1 : 0;
  }
}

/** One operator applied to numbers, with the dtype of its operands and of its result. */
export function applyScalar(
  operator: ScalarOperator,
  operands: readonly number[],
  operandDType: DType,
  dtype: DType,
): number {
  const [a, b, c] = operands;
  return roundTo(scalarOperators[operator].evaluate(a, b, c, operandDType), dtype);
}
