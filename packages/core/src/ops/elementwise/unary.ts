/** Functions of one tensor, element by element. Integers become float32 where the result is not whole. */
import type { ElementBuilder } from "../../compiler/element.ts";
import type { Expression } from "../../compiler/expression.ts";
import type { Tensor } from "../../tensor.ts";
import { onesLike, zerosLike } from "../creation/full.ts";
import { add, divide, multiply, subtract } from "./arithmetic.ts";
import { greater } from "./comparison.ts";
import { unary } from "./define.ts";
import { where } from "./where.ts";

/** -x. */
export const negate: (x: Tensor) => Tensor = /* @__PURE__ */ unary("negate", {
  on: "same",
  lower: "negate",
  gradient: (g) => negate(g),
});

/** |x|; its derivative at 0 is taken as 0. */
export const abs: (x: Tensor) => Tensor = /* @__PURE__ */ unary("abs", {
  on: "same",
  lower: "absolute",
  gradient: (g, x) => multiply(g, sign(x)),
});

/** -1, 0 or 1. */
export const sign: (x: Tensor) => Tensor = /* @__PURE__ */ unary("sign", { on: "same", lower: "sign" });

/** The largest whole number not above x. */
export const floor: (x: Tensor) => Tensor = /* @__PURE__ */ unary("floor", { on: "float", lower: "floor" });

/** The smallest whole number not below x. */
export const ceil: (x: Tensor) => Tensor = /* @__PURE__ */ unary("ceil", { on: "float", lower: "ceil" });

/** The nearest whole number, halves to even. */
export const round: (x: Tensor) => Tensor = /* @__PURE__ */ unary("round", { on: "float", lower: "round" });

/** The square root. */
export const sqrt: (x: Tensor) => Tensor = /* @__PURE__ */ unary("sqrt", {
  on: "float",
  lower: "sqrt",
  gradient: (g, _, y) => divide(multiply(g, 0.5), y),
});

/** 1 / sqrt(x). */
export const rsqrt: (x: Tensor) => Tensor = /* @__PURE__ */ unary("rsqrt", {
  on: "float",
  lower: (e, x) => e.apply("divide", e.constant(1), e.apply("sqrt", x)),
  gradient: (g, x, y) => multiply(multiply(g, -0.5), divide(y, x)),
});

/** e to the power x. */
export const exp: (x: Tensor) => Tensor = /* @__PURE__ */ unary("exp", {
  on: "float",
  lower: "exp",
  gradient: (g, _, y) => multiply(g, y),
});

/** e^x - 1, accurate near 0. */
export const expm1: (x: Tensor) => Tensor = /* @__PURE__ */ unary("expm1", {
  on: "float",
  lower: "expm1",
  gradient: (g, _, y) => multiply(g, add(y, 1)),
});

/** The natural logarithm. */
export const log: (x: Tensor) => Tensor = /* @__PURE__ */ unary("log", {
  on: "float",
  lower: "log",
  gradient: (g, x) => divide(g, x),
});

/** log(1 + x), accurate near 0. */
export const log1p: (x: Tensor) => Tensor = /* @__PURE__ */ unary("log1p", {
  on: "float",
  lower: "log1p",
  gradient: (g, x) => divide(g, add(x, 1)),
});

/** The sine of x in radians. */
export const sin: (x: Tensor) => Tensor = /* @__PURE__ */ unary("sin", {
  on: "float",
  lower: "sin",
  gradient: (g, x) => multiply(g, cos(x)),
});

/** The cosine of x in radians. */
export const cos: (x: Tensor) => Tensor = /* @__PURE__ */ unary("cos", {
  on: "float",
  lower: "cos",
  gradient: (g, x) => negate(multiply(g, sin(x))),
});

/** The tangent of x in radians. */
export const tan: (x: Tensor) => Tensor = /* @__PURE__ */ unary("tan", {
  on: "float",
  lower: "tan",
  gradient: (g, _, y) => multiply(g, add(multiply(y, y), 1)),
});

/** The hyperbolic tangent. */
export const tanh: (x: Tensor) => Tensor = /* @__PURE__ */ unary("tanh", {
  on: "float",
  lower: "tanh",
  gradient: (g, _, y) => multiply(g, subtract(1, multiply(y, y))),
});

/** The error function 2/sqrt(pi) * integral of e^(-t^2) from 0 to x. */
export const erf: (x: Tensor) => Tensor = /* @__PURE__ */ unary("erf", {
  on: "float",
  lower: "erf",
  gradient: (g, x) => multiply(g, multiply(exp(negate(multiply(x, x))), 2 / Math.sqrt(Math.PI))),
});

/** 1 / (1 + e^-x). */
export const sigmoid: (x: Tensor) => Tensor = /* @__PURE__ */ unary("sigmoid", {
  on: "float",
  lower: logistic,
  gradient: (g, _, y) => multiply(g, multiply(y, subtract(1, y))),
});

/** log(1 + e^x). */
export const softplus: (x: Tensor) => Tensor = /* @__PURE__ */ unary("softplus", {
  on: "float",
  // max(x, 0) + log(1 + e^-|x|) neither overflows nor loses small results.
  lower: (e, x) => {
    const tail = e.apply("log1p", e.apply("exp", e.apply("negate", e.apply("absolute", x))));
    return e.apply("add", e.apply("maximum", x, e.constant(0)), tail);
  },
  gradient: (g, x) => multiply(g, sigmoid(x)),
});

/** max(x, 0); its derivative at 0 is taken as 0. */
export const relu: (x: Tensor) => Tensor = /* @__PURE__ */ unary("relu", {
  on: "same",
  lower: (e, x) => e.apply("maximum", x, e.constant(0)),
  gradient: (g, x) => where(greater(x, 0), g, zerosLike(g)),
});

function logistic(e: ElementBuilder, x: Expression): Expression {
  return e.apply("divide", e.constant(1), e.apply("add", e.apply("exp", e.apply("negate", x)), e.constant(1)));
}

/** x x. */
export function square(x: Tensor): Tensor {
  return multiply(x, x);
}

/** 1 / x. */
export function reciprocal(x: Tensor): Tensor {
  return divide(onesLike(x), x);
}

/** x Phi(x), with Phi the normal distribution function (Hendrycks and Gimpel 2016); `approximate` uses the tanh formula. */
export function gelu(x: Tensor, options: { readonly approximate?: boolean } = {}): Tensor {
  if (!options.approximate) return multiply(multiply(x, 0.5), add(erf(multiply(x, Math.SQRT1_2)), 1));
  const inner = multiply(add(x, multiply(multiply(multiply(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return multiply(multiply(x, 0.5), add(tanh(inner), 1));
}
