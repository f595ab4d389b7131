/** Scalar operators as WGSL expressions, by tables: what each type has a sign for, and what is a function of the library. */
import { type Combine, type DType, isFloat, type ScalarOperator } from "@sconce/core";
import {
  divide,
  floorDivide,
  integerFloorDivide,
  integerRemainder,
  remainder,
  squareRoot,
} from "../shaders/division.ts";
import { errorFunction, exponential, exponentialMinusOne, hyperbolicTangent } from "../shaders/exponential.ts";
import type { ShaderFunction } from "../shaders/library.ts";
import { logarithm, logarithmPlusOne } from "../shaders/logarithm.ts";
import { power } from "../shaders/power.ts";
import { absolute, comparisons, maximum, minimum, negate, signOf } from "../shaders/special-values.ts";
import { cosine, sine, tangent } from "../shaders/trigonometry.ts";
import { cast, type Use, valueType } from "./values.ts";

type Table = Readonly<Partial<Record<ScalarOperator, string>>>;

const anyFloat: Readonly<Partial<Record<ScalarOperator, ShaderFunction>>> = {
  negate,
  absolute,
  sign: signOf,
  sqrt: squareRoot,
  exp: exponential,
  expm1: exponentialMinusOne,
  log: logarithm,
  log1p: logarithmPlusOne,
  sin: sine,
  cos: cosine,
  tan: tangent,
  tanh: hyperbolicTangent,
  erf: errorFunction,
  divide,
  floorDivide,
  remainder,
  power,
  maximum,
  minimum,
};

const floatBuiltins: Table = { floor: "floor", ceil: "ceil", round: "round" };

const arithmetic: Table = { add: "+", subtract: "-", multiply: "*" };
const bitwise: Table = { bitwiseAnd: "&", bitwiseOr: "|", bitwiseXor: "^" };
/** What bool makes of arithmetic on truth values. */
const logical: Table = { and: "&&", or: "||", maximum: "||", minimum: "&&", add: "||", multiply: "&&" };
const comparisonSigns: Table = {
  equal: "==",
  less: "<",
  lessEqual: "<=",
  greater: ">",
  greaterEqual: ">=",
};

/** The expression of `operator` on operands of dtype `from` (that of the last), with a result of `dtype`. */
export function applyOperator(
  operator: ScalarOperator,
  dtype: DType,
  from: DType,
  operands: readonly string[],
  use: Use,
): string {
  const [a, b, c] = operands;
  if (operator === "cast") return cast(a, from, dtype, use);
  if (operator === "where") return `select(${c}, ${b}, ${a})`;
  if (operator === "not") return `!${a}`;
  if (operator === "notEqual") return `!${compared("equal", from, a, b, use)}`;
  if (comparisonSigns[operator]) return compared(operator, from, a, b, use);
  if (dtype === "bool") return `(${a} ${logical[operator]} ${b})`;
  if (isFloat(dtype)) return floats(operator, operands, use);
  const result = integers(operator, dtype, a, b, use);
  return dtype === "uint8" ? `(${result} & 255u)` : result;
}

function compared(operator: ScalarOperator, from: DType, a: string, b: string, use: Use): string {
  const snake = operator.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (isFloat(from)) return `${use(comparisons[snake])}(${a}, ${b})`;
  const [x, y] = from === "bool" ? [a, b].map((value) => `u32(${value})`) : [a, b];
  return `(${x} ${comparisonSigns[operator]} ${y})`;
}

function floats(operator: ScalarOperator, operands: readonly string[], use: Use): string {
  const sign = arithmetic[operator];
  if (sign) return `(${operands[0]} ${sign} ${operands[1]})`;
  const known = anyFloat[operator];
  return `${known ? use(known) : floatBuiltins[operator]}(${operands.join(", ")})`;
}

function integers(operator: ScalarOperator, dtype: DType, a: string, b: string, use: Use): string {
  const signed = valueType(dtype) === "i32";
  const sign = arithmetic[operator] ?? bitwise[operator];
  if (sign) return `(${a} ${sign} ${b})`;
  switch (operator) {
    case "negate":
      return `(${signed ? "0i" : "0u"} - ${a})`;
    case "absolute":
      return signed ? `abs(${a})` : a;
    case "sign":
      return signed ? `sign(${a})` : `min(${a}, 1u)`;
    case "maximum":
      return `max(${a}, ${b})`;
    case "minimum":
      return `min(${a}, ${b})`;
    case "shiftLeft":
      return `(${a} << (${signed ? `u32(${b})` : b} & 31u))`;
    case "shiftRight":
      return `(${a} >> (${signed ? `u32(${b})` : b} & 31u))`;
    case "floorDivide":
      return signed ? `${use(integerFloorDivide)}(${a}, ${b})` : `(${a} / ${b})`;
    case "remainder":
      return signed ? `${use(integerRemainder)}(${a}, ${b})` : `(${a} % ${b})`;
    default:
      throw new Error(`webgpu: no expression for ${operator} in ${dtype}.`);
  }
}

const combining = { sum: "add", product: "multiply", max: "maximum", min: "minimum" } as const;

/** Two values of an accumulator as one. */
export function combined(combine: Combine, dtype: DType, a: string, b: string, use: Use): string {
  return applyOperator(combining[combine], dtype, dtype, [a, b], use);
}
