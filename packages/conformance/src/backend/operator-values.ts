/** The operands on which scalar operators are compared, and how closely a backend must agree. */
import { type DType, isFloat, type ScalarOperator, scalarOperators } from "@sconce/core";
import { roundingOf } from "../compare.ts";

const infinity = Number.POSITIVE_INFINITY;

/** Ordinary and special values of a dtype; subnormal numbers have a check of their own. */
export function specialValues(dtype: DType): readonly number[] {
  switch (dtype) {
    case "bool":
      return [0, 1];
    case "uint8":
      return [0, 1, 2, 3, 7, 127, 128, 200, 254, 255];
    case "int32":
      return [0, 1, -1, 2, -2, 3, 7, -7, 100, 65537, -65537, 2 ** 30, 2 ** 31 - 1, -(2 ** 31) + 1, -(2 ** 31)];
    case "uint32":
      return [0, 1, 2, 3, 7, 100, 65537, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 2, 2 ** 32 - 1];
    default: {
      const large = dtype === "float16" ? 60000 : dtype === "float32" ? 2 ** 127 : 2 ** 1023;
      const tiny = dtype === "float16" ? 2 ** -14 : dtype === "float32" ? 2 ** -126 : 2 ** -1022;
      return [
        Number.NaN,
        infinity,
        -infinity,
        0,
        -0,
        1,
        -1,
        0.5,
        -0.5,
        1.5,
        -1.5,
        2.5,
        3,
        -3,
        7.25,
        -7.75,
        0.1,
        -0.3,
        1e-3,
        12.5,
        -20,
        large,
        -large,
        tiny,
        -tiny,
      ];
    }
  }
}

const transcendental = new Set<ScalarOperator>([
  "exp",
  "expm1",
  "log",
  "log1p",
  "sin",
  "cos",
  "tan",
  "tanh",
  "erf",
  "power",
]);

/** Floats on which functions are compared: where they curve, overflow and end, but not where rounding decides. */
const functionValues: readonly number[] = [
  Number.NaN,
  infinity,
  -infinity,
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1e-3,
  -1e-3,
  2,
  -2,
  3.7,
  -3.7,
  0.1,
  10,
  -10,
];

/** Positive and negative arguments of one function, beyond the common ones. */
const extraValues: Partial<Record<ScalarOperator, readonly number[]>> = {
  exp: [-30, 60, 120, -150],
  expm1: [1e-5, -1e-5, 120, -60],
  log: [1e-20, 1e20, 0.999, 1.001],
  log1p: [1e-5, -1e-5, -0.9, 1e10],
  tanh: [30, -30, 0.01],
  erf: [4, -4, 0.01],
  sin: [25],
  cos: [25],
};

/** Every combination of operands to compare for an operator on operands of `dtype`. */
export function operandsOf(operator: ScalarOperator, dtype: DType): number[][] {
  const { arity } = scalarOperators[operator];
  const values = specialValues(dtype);
  if (operator === "where")
    return values.flatMap((a) =>
      values.slice(0, 4).flatMap((b) => [
        [0, a, b],
        [1, a, b],
      ]),
    );
  if (operator === "power") return functionValues.flatMap((a) => functionValues.map((b) => [a, b]));
  if (transcendental.has(operator)) {
    const extra = dtype === "float16" ? [] : (extraValues[operator] ?? []);
    return [...functionValues, ...extra].map((a) => [a]);
  }
  if (arity === 1) return values.map((a) => [a]);
  const second = operator === "shiftLeft" || operator === "shiftRight" ? [0, 1, 7, 8, 31] : values;
  return values.flatMap((a) => second.map((b) => [a, b])).filter(([a, b]) => isSpecified(operator, a, b, dtype));
}

function isSpecified(operator: ScalarOperator, a: number, b: number, dtype: DType): boolean {
  if (operator !== "floorDivide" && operator !== "remainder") return true;
  if (!isFloat(dtype)) return b !== 0;
  const quotient = Math.abs(a / b);
  if (!Number.isFinite(a) || !Number.isFinite(b) || b === 0) return true;
  // The floor of a large quotient, or of one that rounds to a whole number, depends on the precision.
  const rounded = Math.fround(quotient);
  return quotient < 2 ** 20 && quotient > 2 ** -20 && (rounded === quotient || !Number.isInteger(rounded));
}

/** How far a result of `dtype` may be from the reference. */
export function operatorTolerance(
  operator: ScalarOperator,
  dtype: DType,
  operands: readonly number[],
  expected: number,
): number {
  if (!isFloat(dtype)) return 0;
  const smallest = dtype === "float16" ? 2 ** -14 : dtype === "float32" ? 2 ** -126 : 2 ** -1022;
  const rounding = roundingOf(dtype);
  const size = Math.abs(expected);
  if (transcendental.has(operator)) {
    const relative = dtype === "float32" ? 1e-6 : dtype === "float16" ? 2e-3 : 1e-13;
    return relative * size + (dtype === "float32" ? 1e-7 : dtype === "float16" ? 1e-3 : 1e-15);
  }
  if (operator === "remainder") return 4 * rounding * Math.max(size, Math.abs(operands[0])) + smallest;
  // IEEE 754 rounds these correctly; graphics hardware may be a few units off in division and roots.
  if (operator === "divide" || operator === "sqrt") return 5 * rounding * size + smallest;
  return (dtype === "float16" ? 2 * rounding * size : 0) + smallest;
}
