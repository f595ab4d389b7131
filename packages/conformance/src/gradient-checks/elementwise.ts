/** Gradient checks of what works element by element. */
import * as core from "@sconce/core";
import { at, check, type GradientCheck } from "../gradients/gradient-check.ts";
import { awayFromZero, bools, distinct, fractional, positive } from "../gradients/samplers.ts";

type Unary = (x: core.Tensor) => core.Tensor;

/** Functions that are smooth everywhere. */
const smooth: Readonly<Record<string, Unary>> = {
  negate: core.negate,
  sin: core.sin,
  cos: core.cos,
  tanh: core.tanh,
  erf: core.erf,
  exp: core.exp,
  expm1: core.expm1,
  sigmoid: core.sigmoid,
  softplus: core.softplus,
  square: core.square,
  tan: core.tan,
};
/** Functions that are smooth for positive numbers. */
const onPositive: Readonly<Record<string, Unary>> = {
  sqrt: core.sqrt,
  rsqrt: core.rsqrt,
  log: core.log,
  log1p: core.log1p,
};
/** Functions with a kink or a pole at 0. */
const besideZero: Readonly<Record<string, Unary>> = {
  abs: core.abs,
  relu: core.relu,
  reciprocal: core.reciprocal,
  sign: core.sign,
};
const steps: Readonly<Record<string, Unary>> = { floor: core.floor, ceil: core.ceil, round: core.round };

export const elementwiseChecks: readonly GradientCheck[] = [
  ...Object.entries(smooth).map(([name, fn]) => check(name, (r) => [at(fn, r.floats([2, 3])), at(fn, r.floats([]))])),
  ...Object.entries(onPositive).map(([name, fn]) => check(name, (r) => [at(fn, positive(r, [2, 3]))])),
  ...Object.entries(besideZero).map(([name, fn]) => check(name, (r) => [at(fn, awayFromZero(r, [2, 3]))])),
  ...Object.entries(steps).map(([name, fn]) => check(name, (r) => [at(fn, fractional(r, [2, 3]))])),
  check("gelu", (r) => [
    at((x) => core.gelu(x), r.floats([5], -3, 3)),
    at((x) => core.gelu(x, { approximate: true }), r.floats([5], -3, 3)),
  ]),
  check("add", (r) => [
    at(core.add, r.floats([2, 3]), r.floats([3])),
    at((x) => core.add(core.add(x, x), 2), r.floats([2])),
  ]),
  check("subtract", (r) => [at(core.subtract, r.floats([2, 1]), r.floats([1, 3]))]),
  check("multiply", (r) => [
    at(core.multiply, r.floats([2, 1, 3]), r.floats([4, 1])),
    at((x) => core.multiply(x, x), r.floats([3])),
  ]),
  check("divide", (r) => [
    at(core.divide, r.floats([2, 3]), awayFromZero(r, [2, 1])),
    at((x) => core.divide(2, x), positive(r, [3])),
  ]),
  check("power", (r) => [
    at(core.power, positive(r, [2, 3]), r.floats([3], -2, 2)),
    at((x) => core.power(x, 2.5), positive(r, [3])),
    at((x) => core.power(2, x), r.floats([3])),
    at((x) => core.power(x, 3).add(core.power(x, 4)), awayFromZero(r, [3])),
  ]),
  check("remainder", (r) => [
    at((x) => core.remainder(x, 1), fractional(r, [4])),
    at((q, b) => core.remainder(core.multiply(q, b), b), fractional(r, [2, 3]), positive(r, [3])),
  ]),
  check("floorDivide", (r) => [
    at((q, b) => core.floorDivide(core.multiply(q, b), b), fractional(r, [4]), positive(r, [4])),
  ]),
  check("maximum", (r) => [
    at((x, d) => core.maximum(x, core.add(x, d)), r.floats([2, 3]), awayFromZero(r, [2, 3])),
    at((x) => core.maximum(x, 0), awayFromZero(r, [3])),
  ]),
  check("minimum", (r) => [at((x, d) => core.minimum(x, core.add(x, d)), r.floats([2, 3]), awayFromZero(r, [3]))]),
  check("clamp", (r) => [
    at((x) => core.clamp(core.multiply(x, 3), -1, 2), distinct(r, [8])),
    at((x) => core.clamp(x, 0, Number.POSITIVE_INFINITY), awayFromZero(r, [4])),
  ]),
  check("where", (r) => [
    at((x, y, c) => core.where(c, core.sin(x), core.multiply(y, y)), r.floats([2, 3]), r.floats([3]), bools(r, [2, 1])),
  ]),
  // All numbers involved are multiples of 2^-10, which float32 holds.
  check("cast", (r) => [
    at((x) => core.cast(core.cast(x, "float32"), "float64"), {
      ...r.floats([4]),
      data: new Float64Array([0.5, -0.25, 1.5, 2]),
    }),
  ]),
  check("checkpoint", (r) => [
    at(
      (x, w) => core.checkpoint((a: core.Tensor) => core.tanh(core.multiply(core.sin(a), w)))(core.exp(x)),
      r.floats([2, 3]),
      r.floats([3]),
    ),
  ]),
];
