/** Comparison and logic; results are bool and have no gradient. */
import { DTypeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import type { Operand } from "../operand.ts";
import { cast } from "./cast.ts";
import { binary, unary } from "./define.ts";

export const equal: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("equal", {
  on: "any",
  operator: "equal",
  result: "bool",
});

export const notEqual: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("notEqual", {
  on: "any",
  operator: "notEqual",
  result: "bool",
});

export const less: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("less", {
  on: "any",
  operator: "less",
  result: "bool",
});

export const lessEqual: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("lessEqual", {
  on: "any",
  operator: "lessEqual",
  result: "bool",
});

export const greater: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("greater", {
  on: "any",
  operator: "greater",
  result: "bool",
});

export const greaterEqual: (a: Operand, b: Operand) => Tensor = /* @__PURE__ */ binary("greaterEqual", {
  on: "any",
  operator: "greaterEqual",
  result: "bool",
});
const both = /* @__PURE__ */ binary("logicalAnd", { on: "any", operator: "and", result: "bool" });
const either = /* @__PURE__ */ binary("logicalOr", { on: "any", operator: "or", result: "bool" });
const bitsBoth = /* @__PURE__ */ binary("bitwiseAnd", { on: "any", operator: "bitwiseAnd" });
const bitsEither = /* @__PURE__ */ binary("bitwiseOr", { on: "any", operator: "bitwiseOr" });
const bitsOne = /* @__PURE__ */ binary("bitwiseXor", { on: "any", operator: "bitwiseXor" });
const shiftedLeft = /* @__PURE__ */ binary("shiftLeft", { on: "any", operator: "shiftLeft" });
const shiftedRight = /* @__PURE__ */ binary("shiftRight", { on: "any", operator: "shiftRight" });
const negated = /* @__PURE__ */ unary("logicalNot", { on: "bool", lower: "not" });

/** Whether both are true (not 0). */
export function logicalAnd(a: Tensor, b: Tensor): Tensor {
  return both(cast(a, "bool"), cast(b, "bool"));
}

/** Whether at least one is true (not 0). */
export function logicalOr(a: Tensor, b: Tensor): Tensor {
  return either(cast(a, "bool"), cast(b, "bool"));
}

/** Whether `x` is false (0). */
export function logicalNot(x: Tensor): Tensor {
  return negated(cast(x, "bool"));
}

/** Whether `x` is NaN. */
export function isNaN(x: Tensor): Tensor {
  return notEqual(x, x);
}

function integers(op: string, a: Operand, b: Operand): void {
  for (const operand of [a, b]) {
    if (typeof operand === "number" ? Number.isInteger(operand) : ["int32", "uint32", "uint8"].includes(operand.dtype))
      continue;
    throw new DTypeError(
      `${op}: works on int32, uint32 and uint8, not on ${String(operand)}; cast first: x.cast("int32").`,
    );
  }
}

/** Bits set in both. */
export function bitwiseAnd(a: Operand, b: Operand): Tensor {
  integers("bitwiseAnd", a, b);
  return bitsBoth(a, b);
}

/** Bits set in at least one. */
export function bitwiseOr(a: Operand, b: Operand): Tensor {
  integers("bitwiseOr", a, b);
  return bitsEither(a, b);
}

/** Bits set in exactly one. */
export function bitwiseXor(a: Operand, b: Operand): Tensor {
  integers("bitwiseXor", a, b);
  return bitsOne(a, b);
}

/** a shifted left by b bits, b in [0, 31]. */
export function shiftLeft(a: Operand, b: Operand): Tensor {
  integers("shiftLeft", a, b);
  return shiftedLeft(a, b);
}

/** a shifted right by b bits, b in [0, 31]; the sign of an int32 is kept. */
export function shiftRight(a: Operand, b: Operand): Tensor {
  integers("shiftRight", a, b);
  return shiftedRight(a, b);
}
