/** Reductions against plain loops. */
import "@sconce/backend-cpu/register";
import {
  ArgumentError,
  all,
  any,
  argmax,
  argmin,
  grad,
  logSumExp,
  max,
  mean,
  min,
  norm,
  openBackend,
  product,
  type ReduceOptions,
  sum,
  type Tensor,
  tensor,
  variance,
  zeros,
} from "@sconce/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  at,
  check,
  expectGradient,
  expectRefusal,
  expectValues,
  onEachWay,
  type Plain,
  plain,
  plainOf,
  plains,
  positions,
  quarters,
  shapes,
  toTensor,
} from "./support.ts";

beforeAll(async () => {
  await openBackend("cpu");
});

interface Case {
  readonly x: Plain;
  readonly options: ReduceOptions;
}

/** An array, some of its axes (perhaps counted from the end), and whether they stay. */
function cases(elements: fc.Arbitrary<number>, least = 0): fc.Arbitrary<Case> {
  const extent = fc.integer({ min: least, max: 4 });
  return shapes(0, 3, extent).chain((shape) =>
    fc.record({
      x: plainOf(shape, elements),
      options: fc.record({
        axes: fc.option(
          fc
            .subarray(shape.map((_, axis) => axis))
            .map((axes) => axes.map((axis) => (axis % 2 === 0 ? axis - shape.length : axis))),
          { nil: undefined },
        ),
        keepAxes: fc.boolean(),
      }),
    }),
  );
}

/** Reduces with a function of the list of elements. */
function reduceWith({ x, options }: Case, combine: (list: number[]) => number): Plain {
  const given = options.axes as readonly number[] | undefined;
  const axes = given?.map((axis) => (axis < 0 ? axis + x.shape.length : axis)) ?? x.shape.map((_, axis) => axis);
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const inner = positions(x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1)));
  const whole = plain(kept, (p) =>
    combine(
      inner.map((q) =>
        at(
          x,
          p.map((i, axis) => i + q[axis]),
        ),
      ),
    ),
  );
  return options.keepAxes ? whole : { shape: x.shape.filter((_, axis) => !axes.includes(axis)), data: whole.data };
}

const total = (list: number[]): number => list.reduce((a, b) => a + b, 0);
const average = (list: number[]): number => total(list) / list.length;
const deviations = (list: number[]): number => total(list.map((n) => (n - average(list)) ** 2));

const special = fc.oneof(
  { weight: 8, arbitrary: quarters },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);

const reductions: Record<
  string,
  [(x: Tensor, options: ReduceOptions) => Tensor, (list: number[]) => number, fc.Arbitrary<number>]
> = {
  sum: [sum, total, special],
  product: [product, (list) => list.reduce((a, b) => a * b, 1), fc.integer({ min: -2, max: 3 })],
  max: [max, (list) => Math.max(...list), special],
  min: [min, (list) => Math.min(...list), special],
  mean: [mean, average, special],
  variance: [variance, (list) => deviations(list) / list.length, quarters],
  "variance, unbiased": [
    (x, o) => variance(x, { ...o, correction: 1 }),
    (list) => (list.length < 1 ? Number.NaN : deviations(list) / (list.length - 1)),
    quarters,
  ],
  logSumExp: [logSumExp, (list) => Math.log(total(list.map(Math.exp))), quarters],
  norm: [norm, (list) => Math.hypot(...list), quarters],
  "norm of order 1": [(x, o) => norm(x, { ...o, order: 1 }), (list) => total(list.map(Math.abs)), quarters],
  "norm of order 3": [
    (x, o) => norm(x, { ...o, order: 3 }),
    (list) => Math.cbrt(total(list.map((n) => Math.abs(n) ** 3))),
    quarters,
  ],
  "norm of order 0": [(x, o) => norm(x, { ...o, order: 0 }), (list) => list.filter((n) => n !== 0).length, quarters],
  "norm of order Infinity": [
    (x, o) => norm(x, { ...o, order: Number.POSITIVE_INFINITY }),
    (list) => Math.max(...list.map(Math.abs)),
    quarters,
  ],
  "norm of order -Infinity": [
    (x, o) => norm(x, { ...o, order: Number.NEGATIVE_INFINITY }),
    (list) => Math.min(...list.map(Math.abs)),
    quarters,
  ],
};

describe.each(Object.entries(reductions))("%s", (name, [fn, reference, elements]) => {
  it("over any axes", async () => {
    // The extremes of nothing are not numbers that anyone should rely on.
    const least = /max|min|Infinity/.test(name) ? 1 : 0;
    await check(cases(elements, least), (given) =>
      onEachWay(() => expectValues(fn(toTensor(given.x), given.options), reduceWith(given, reference), 1e-5)),
    );
  });

  it("has the right gradients", async () => {
    if (name === "norm of order 0") return;
    const x = { shape: [2, 3, 2], data: [0.7, -1.3, 2.1, 0.4, -0.6, 1.9, 3.2, -2.2, 1.1, 0.3, -1.7, 2.6] };
    await expectGradient((t) => fn(t, { axes: [0, 2] }), [x]);
    await expectGradient((t) => fn(t, { axes: 1, keepAxes: true }), [x]);
    await expectGradient((t) => fn(t, {}), [x]);
  });

  it("refuses axes that are not there", () => {
    expectRefusal(() => fn(zeros([2, 3]), { axes: 2 }), ["axis 2", "rank 2", "-2 to 1"]);
    expectRefusal(() => fn(zeros([2, 3]), { axes: [0, -2] }), ["name an axis twice"]);
  });
});

describe("reductions in detail", () => {
  it("product has gradients around zeros", async () => {
    for (const data of [
      [2, 0, 3],
      [0, 0, 3],
      [1, 2, 3],
    ])
      await expectGradient((x) => product(x), [{ shape: [3], data }], 1);
  });

  it("equal extremes share the gradient", async () => {
    const x = tensor([1, 3, 3]);
    expect(await grad(max(x), x).array()).toEqual([0, 0.5, 0.5]);
  });

  it("integers keep their dtype in sums and extremes; bool is counted", async () => {
    expect(sum(tensor([1, 2], { dtype: "int32" })).dtype).toBe("int32");
    expect(mean(tensor([1, 2], { dtype: "int32" })).dtype).toBe("float32");
    expect(await sum(tensor([true, true, false])).array()).toBe(2);
    expect(await max(tensor([true, false])).array()).toBe(true);
    expect(await sum(tensor(new Uint8Array([200, 200]))).array()).toBe(400);
    expect(await max(tensor([-5, -7], { dtype: "int32" })).array()).toBe(-5);
    expect(await min(tensor(new Uint32Array([4e9, 3e9]))).array()).toBe(3e9);
  });

  it("logSumExp neither overflows nor turns -Infinity into NaN", async () => {
    await expectValues(logSumExp(tensor([1000, 1000])), { shape: [], data: [1000 + Math.log(2)] });
    await expectValues(logSumExp(tensor([-Infinity, -Infinity])), { shape: [], data: [-Infinity] });
    await expectValues(logSumExp(tensor([Infinity, 1])), { shape: [], data: [Infinity] });
  });

  it("the variance of large, close numbers keeps its digits", async () => {
    const list = Array.from({ length: 64 }, (_, i) => 10_000 + (i % 4));
    await expectValues(variance(tensor(list)), { shape: [], data: [1.25] }, 1e-4);
  });

  it("any and all", async () => {
    await check(cases(fc.constantFrom(0, 1), 1), async (given) => {
      await expectValues(
        any(toTensor(given.x), given.options),
        reduceWith(given, (list) => Number(list.some((n) => n !== 0))),
      );
      await expectValues(
        all(toTensor(given.x), given.options),
        reduceWith(given, (list) => Number(list.every((n) => n !== 0))),
      );
    });
    expect(any(tensor([1])).dtype).toBe("bool");
    expect(await all(zeros([0])).array()).toBe(true);
    expect(await any(zeros([0])).array()).toBe(false);
  });

  it("refuses an order that is NaN", () => {
    expectRefusal(() => norm(zeros([2]), { order: Number.NaN }), ["norm", "NaN"], ArgumentError);
  });
});

describe("argmax, argmin", () => {
  it("find the first extreme; NaN counts as one", async () => {
    const arbitrary = plains(
      fc.oneof({ weight: 9, arbitrary: quarters }, { weight: 1, arbitrary: fc.constant(Number.NaN) }),
      1,
      3,
    ).filter((x) => !x.shape.includes(0));
    await check(fc.tuple(arbitrary, fc.nat(), fc.boolean()), async ([x, n, keepAxis]) => {
      const axis = n % x.shape.length;
      const first =
        (wins: (a: number, b: number) => boolean) =>
        (list: number[]): number => {
          const nan = list.findIndex(Number.isNaN);
          return nan >= 0 ? nan : list.reduce((best, value, i) => (wins(value, list[best]) ? i : best), 0);
        };
      const given = { x, options: { axes: [axis], keepAxes: keepAxis } };
      await expectValues(
        argmax(toTensor(x), { axis, keepAxis }),
        reduceWith(
          given,
          first((a, b) => a > b),
        ),
      );
      await expectValues(
        argmin(toTensor(x), { axis: axis - x.shape.length, keepAxis }),
        reduceWith(
          given,
          first((a, b) => a < b),
        ),
      );
      const flat = { x: { shape: [x.data.length], data: x.data }, options: {} };
      await expectValues(
        argmax(toTensor(x)),
        reduceWith(
          flat,
          first((a, b) => a > b),
        ),
      );
    });
  });

  it("are int32 and refuse axes that are not there or empty", () => {
    expect(argmax(tensor([1, 2])).dtype).toBe("int32");
    expectRefusal(() => argmax(zeros([2]), { axis: 1 }), ["argmax", "axis 1"]);
    expectRefusal(() => argmin(zeros([2, 0]), { axis: 1 }), ["argmin", "[2, 0]", "no elements"]);
  });
});
