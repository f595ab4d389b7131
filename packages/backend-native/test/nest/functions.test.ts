/** The addon's functions of floats against doubles, over the whole range. */
import { applyScalar, type LoopNest, type ScalarOperator } from "@sconce/core";
import { describe, expect, it } from "vitest";
import { openNative } from "../../src/index.ts";

const capacity = 2 ** 16;
const leastNormal = 2 ** -126;
const native = await openNative({ threads: 2 });

/** Runs the operator over arrays of `capacity` floats. */
function runner(operator: ScalarOperator, arity: 1 | 2): (...operands: Float32Array[]) => Float32Array {
  const operands = Array.from({ length: arity }, (_, i) => i);
  const nest: LoopNest = {
    shape: [capacity],
    inputs: operands.map(() => "float32"),
    body: [
      ...operands.map((input) => ({
        kind: "load" as const,
        input,
        dtype: "float32" as const,
        access: { kind: "affine" as const, offset: 0, strides: [1] },
      })),
      { kind: "apply", operator, dtype: "float32", operands },
    ],
    epilogue: [],
    stores: [{ value: arity, dtype: "float32" }],
  };
  const kernel = native.compile(nest);
  if (kernel instanceof Promise) throw new Error("the native backend compiles at once");
  const inputs = operands.map(() => native.allocate(4 * capacity));
  const output = native.allocate(4 * capacity);
  return (...values) => {
    values.forEach((value, i) => void native.write(inputs[i], value));
    kernel.run(inputs, [output]);
    return new Float32Array(native.readSync?.(output, 4 * capacity) as ArrayBuffer);
  };
}

/** A failure that says where the function is off and by how much, or the largest relative error. */
function largestError(operator: ScalarOperator, result: Float32Array, ...operands: readonly Float32Array[]): number {
  let largest = 0;
  for (let i = 0; i < capacity; i++) {
    const given = operands.map((operand) => operand[i]);
    const exact = applyScalar(operator, given, "float64", "float64");
    const rounded = Math.fround(exact);
    const got = result[i];
    if (Object.is(rounded, got)) continue;
    const error = Math.abs(got - exact) / Math.max(Math.abs(exact), leastNormal);
    const isWrongZero = rounded === 0 && got === 0;
    // Next to infinity one number is unsure.
    const isLast = rounded === Number.POSITIVE_INFINITY && exact < 3.40283e38 && got > 3.4028e38;
    if ((error <= 1e-6 && !isWrongZero) || isLast) largest = isLast ? largest : Math.max(largest, error);
    else throw new Error(`${operator}(${given}) is ${got}, and should be ${rounded}: off by ${error}`);
  }
  return largest;
}

/** Random numbers that are the same in each run. */
function generator(): () => number {
  let state = 12345;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

const specials = [0, -0, 1, -1, 2, 0.5, -0.5, 3, -2, 1e-45, -1e-45, 1e-40, -1e-40, leastNormal, 3.4028234663852886e38]
  .concat([-3.4028234663852886e38, 88.72283, 88.72284, -87.4, -100, -103.9, -104, 1e10, -1e10, 1e22, 2 ** 20])
  .concat([Math.PI, Math.PI / 2, -Math.PI, Math.SQRT2, Math.SQRT1_2, 2 ** 20 + 1, 1e-8, -1e-8, 3.9, 9, -9, 8388609])
  .concat([16777216, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);

describe("functions of floats", () => {
  it.each(["exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "erf"] as const)(
    "%s is right over the whole range, and densely where models use it",
    (operator) => {
      const run = runner(operator, 1);
      const x = new Float32Array(capacity);
      const bits = new Int32Array(x.buffer);
      const random = generator();
      let largest = 0;
      const check = (): void => {
        largest = Math.max(largest, largestError(operator, run(x), x));
      };
      for (let from = 0; from < 2 ** 32; from += 997 * capacity) {
        for (let i = 0; i < capacity; i++) bits[i] = from + 997 * i;
        check();
      }
      for (const extent of [1e-3, 1, 4, 100, 1e5]) {
        for (let i = 0; i < capacity; i++) x[i] = extent * (2 * random() - 1);
        check();
      }
      for (let i = 0; i < capacity; i++) x[i] = specials[i % specials.length];
      check();
      expect(largest, `the largest relative error of ${operator}`).toBeLessThan(3e-7);
    },
  );

  it("power is right for every pair of special values and for random ones", () => {
    const run = runner("power", 2);
    const [x, y] = [new Float32Array(capacity), new Float32Array(capacity)];
    for (let i = 0; i < capacity; i++) {
      x[i] = specials[i % specials.length];
      y[i] = specials[Math.floor(i / specials.length) % specials.length];
    }
    let largest = largestError("power", run(x, y), x, y);
    const random = generator();
    for (const [base, exponent] of [
      [(): number => 2 * random(), (): number => 20 * random() - 10],
      [(): number => 2 ** (256 * random() - 128), (): number => 4 * random() - 2],
      [(): number => 1 + 1e-4 * (random() - 0.5), (): number => 1e6 * (random() - 0.5)],
      [(): number => 8 * random() - 4, (): number => Math.floor(9 * random() - 4)],
      [(): number => 1e-40 * random(), (): number => 2 * random() - 1],
    ]) {
      for (let i = 0; i < capacity; i++) [x[i], y[i]] = [base(), exponent()];
      largest = Math.max(largest, largestError("power", run(x, y), x, y));
    }
    expect(largest, "the largest relative error of power").toBeLessThan(1e-7);
  });
});
