/** Arithmetic of two operands, which broadcast and promote. */
import { isFloat } from "../../dtype.ts";
import type { Tensor } from "../../tensor.ts";
import { constantValue, full } from "../creation/full.ts";
import type { Operand } from "../operand.ts";
import { cast } from "./cast.ts";
import { equal, greater, less } from "./comparison.ts";
import { binary } from "./define.ts";
import { floor, log, negate } from "./unary.ts";
import { where } from "./where.ts";

/** a + b. */
export const add: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("add", {
  on: "number",
  operator: "add",
  gradient: (g) => [g, g],
  shortcut: (a, b) => (constantValue(b) === 0 ? a : constantValue(a) === 0 ? b : undefined),
});

/** a - b. */
export const subtract: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("subtract", {
  on: "number",
  operator: "subtract",
  gradient: (g) => [g, negate(g)],
  shortcut: (a, b) => (constantValue(b) === 0 ? a : undefined),
});

/** a b, element by element. */
export const multiply: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("multiply", {
  on: "number",
  operator: "multiply",
  gradient: (g, a, b) => [multiply(g, b), multiply(g, a)],
  shortcut: (a, b) => (constantValue(b) === 1 ? a : constantValue(a) === 1 ? b : undefined),
});

/** a / b; integers give float32. */
export const divide: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("divide", {
  on: "float",
  operator: "divide",
  gradient: (g, _, b, y) => [divide(g, b), negate(divide(multiply(g, y), b))],
  shortcut: (a, b) => (constantValue(b) === 1 ? a : undefined),
});

/** floor(a / b). */
export const floorDivide: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("floorDivide", {
  on: "number",
  operator: "floorDivide",
});

/** a - floor(a / b) b: the result has the sign of b. */
export const remainder: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("remainder", {
  on: "number",
  operator: "remainder",
  gradient: (g, a, b) => [g, negate(multiply(g, floor(divide(a, b))))],
});
const raising = /* @__PURE__ */ binary("power", {
  on: "float",
  operator: "power",
  gradient: (g, a, b, y) => [
    multiply(g, where(equal(b, 0), full(b.shape, 0, b.dtype), multiply(b, power(a, subtract(b, 1))))),
    // d/db a^b = a^b ln a; at a = 0 the limit for b > 0 is 0.
    multiply(g, where(equal(a, 0), full(a.shape, 0, a.dtype), multiply(y, log(a)))),
  ],
});

/** The larger of each pair; NaN if either is NaN. */
export const maximum: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("maximum", {
  on: "any",
  operator: "maximum",
  gradient: (g, a, b) => splitAtTies(g, greater(a, b), equal(a, b)),
});

/** The smaller of each pair; NaN if either is NaN. */
export const minimum: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("minimum", {
  on: "any",
  operator: "minimum",
  gradient: (g, a, b) => splitAtTies(g, less(a, b), equal(a, b)),
});

/** The gradient to whichever operand was chosen, half to each where they are equal (as PyTorch does). */
function splitAtTies(g: Tensor, first: Tensor, tie: Tensor): readonly [Tensor, Tensor] {
  const share = where(tie, full(g.shape, 0.5, g.dtype), cast(first, g.dtype));
  return [multiply(g, share), multiply(g, subtract(1, share))];
}

/** a to the power b; integers give float32. Small whole exponents become products. */
export function power(a: Operand, b: Operand): Tensor {
  if (typeof b === "number" && typeof a !== "number" && isFloat(a.dtype)) {
    if (b === 1) return a;
    if (b === 2) return multiply(a, a);
    if (b === 3) return multiply(multiply(a, a), a);
  }
  return raising(a, b);
}

/** `x` limited to [low, high]; leave either out with -Infinity or Infinity. The gradient passes where x is inside, ends included. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  const from = low === Number.NEGATIVE_INFINITY ? x : where(less(x, low), low, x);
  return high === Number.POSITIVE_INFINITY ? from : where(greater(from, high), high, from);
}
