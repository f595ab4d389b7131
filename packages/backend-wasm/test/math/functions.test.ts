import { applyScalar, type ScalarOperator } from "@sconce/core";
import { describe, expect, it } from "vitest";
import { capacity, runner } from "./run-vector-function.ts";

const unary = ["exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "erf"] as const;
const leastNormal = 2 ** -126;
const specials = [0, -0, 1, -1, 2, 0.5, -0.5, 3, -2, 1e-45, -1e-45, 1e-40, -1e-40, leastNormal, 3.4028234663852886e38]
  .concat([-3.4028234663852886e38, 88.72283, 88.72284, -87.4, -100, -103.9, -104, 1e10, -1e10])
  .concat([
    Math.PI,
    Math.PI / 2,
    -Math.PI,
    Math.SQRT2,
    Math.SQRT1_2,
    1e22,
    2 ** 20,
    2 ** 20 + 1,
    1e-8,
    -1e-8,
    3.9,
    9,
    -9,
    8388609,
    16777216,
  ])
  .concat([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);

/** A failure that says where the function is off and by how much, or the largest relative error. */
class Errors {
  largest = 0;
  readonly #operator: ScalarOperator;

  constructor(operator: ScalarOperator) {
    this.#operator = operator;
  }

  check(result: Float32Array, ...operands: readonly Float32Array[]): void {
    for (let i = 0; i < capacity; i++) {
      const arguments_ = operands.map((operand) => operand[i]);
      const exact = applyScalar(this.#operator, arguments_, "float64", "float64");
      const rounded = Math.fround(exact);
      const got = result[i];
      if (Object.is(rounded, got)) continue;
      const error = Math.abs(got - exact) / Math.max(Math.abs(exact), leastNormal);
      // Below the normal numbers a unit in the last place is the best there is; next to infinity one number is unsure.
      const isWrongZero = rounded === 0 && got === 0;
      if (
        (error <= 1e-6 && !isWrongZero) ||
        (rounded === Number.POSITIVE_INFINITY && exact < 3.40283e38 && got > 3.4028e38)
      )
        this.largest = Math.max(this.largest, error);
      else throw new Error(`${this.#operator}(${arguments_}) is ${got}, and should be ${rounded}: off by ${error}`);
    }
  }
}

/** Random numbers that are the same in each run. */
function generator(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

describe.each([
  ["fused", true],
  ["separate", false],
])("with %s multiplication and addition", (_, relaxed) => {
  it.each(unary)("%s is right over the whole range, and densely where models use it", (operator) => {
    const run = runner(operator, relaxed);
    const errors = new Errors(operator);
    const x = new Float32Array(capacity);
    const bits = new Int32Array(x.buffer);
    const random = generator();
    for (let from = 0; from < 2 ** 32; from += 997 * capacity) {
      for (let i = 0; i < capacity; i++) bits[i] = from + 997 * i;
      errors.check(run(x), x);
    }
    for (const extent of [1e-3, 1, 4, 100, 1e5]) {
      for (let i = 0; i < capacity; i++) x[i] = extent * (2 * random() - 1);
      errors.check(run(x), x);
    }
    for (let i = 0; i < capacity; i++) x[i] = specials[i % specials.length];
    errors.check(run(x), x);
    expect(errors.largest, `the largest relative error of ${operator}`).toBeLessThan(2.5e-7);
  });

  it.each(["sin", "cos", "tan"] as const)("%s is right next to multiples of a quarter turn", (operator) => {
    const run = runner(operator, relaxed);
    const errors = new Errors(operator);
    const x = Float32Array.from({ length: capacity }, (__, i) => ((i - 5000) * Math.PI) / 2);
    errors.check(run(x), x);
    // 16367173 * 2^72 is the float32 number closest to a multiple of a quarter turn (Muller).
    const close = new Int32Array(x.buffer);
    for (let i = 0; i < capacity; i++) close[i] = 0x6f79be45 - capacity / 2 + i;
    errors.check(run(x), x);
    expect(errors.largest).toBeLessThan(1e-6);
  });

  it("power is right for every pair of special values and for random ones", () => {
    const run = runner("power", relaxed);
    const errors = new Errors("power");
    const [x, y] = [new Float32Array(capacity), new Float32Array(capacity)];
    for (let i = 0; i < capacity; i++) {
      x[i] = specials[i % specials.length];
      y[i] = specials[Math.floor(i / specials.length) % specials.length];
    }
    errors.check(run(x, y), x, y);
    const random = generator();
    for (const [base, exponent] of [
      [(): number => 2 * random(), (): number => 20 * random() - 10],
      [(): number => 2 ** (256 * random() - 128), (): number => 4 * random() - 2],
      [(): number => 1 + 1e-4 * (random() - 0.5), (): number => 1e6 * (random() - 0.5)],
      [(): number => 8 * random() - 4, (): number => Math.floor(9 * random() - 4)],
      [(): number => 1e-40 * random(), (): number => 2 * random() - 1],
    ]) {
      for (let i = 0; i < capacity; i++) [x[i], y[i]] = [base(), exponent()];
      errors.check(run(x, y), x, y);
    }
    expect(errors.largest, "the largest relative error of power").toBeLessThan(1e-7);
  });
});
