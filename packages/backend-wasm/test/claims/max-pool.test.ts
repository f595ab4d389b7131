import type { OpRequest, Shape } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { closeMachines, results, wholeNumbers } from "./compare.ts";

afterAll(closeMachines);

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: readonly [number, number];
  readonly dilation: number;
}

const axis: fc.Arbitrary<Axis> = fc.record({
  size: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constantFrom(13, 17, 33)),
  kernel: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(10)),
  stride: fc.integer({ min: 1, max: 6 }),
  padding: fc.tuple(fc.nat(3), fc.nat(3)),
  dilation: fc.integer({ min: 1, max: 3 }),
});

function windows({ size, kernel, stride, padding, dilation }: Axis): number {
  return Math.max(0, Math.floor((size + padding[0] + padding[1] - dilation * (kernel - 1) - 1) / stride) + 1);
}

function check(op: string, axes: readonly Axis[], planes: readonly [number, number], fill: number, seed: number): void {
  const input: Shape = [...planes, ...axes.map(({ size }) => size)];
  const pooled: Shape = [...planes, ...axes.map(windows)];
  const second = { maxPool: [], maxPoolGradient: [pooled], maxPoolSelect: [input] }[op] ?? [];
  const shapes = [input, ...second];
  const request: OpRequest = {
    op,
    attributes: {
      kernel: axes.map(({ kernel }) => kernel),
      stride: axes.map(({ stride }) => stride),
      padding: axes.map(({ padding }) => padding),
      dilation: axes.map(({ dilation }) => dilation),
    },
    inputs: shapes.map((shape) => ({ shape, dtype: "float32" })),
    output: { shape: op === "maxPoolGradient" ? input : pooled, dtype: "float32" },
  };
  const values = shapes.map((shape, i) =>
    wholeNumbers(
      shape.reduce((size, extent) => size * extent, 1),
      seed + i,
    ),
  );
  // NaN, or an infinity like the surroundings, in places.
  if (fill !== 0) for (let i = seed % 7; i < values[0].length; i += 3) values[0][i] = fill;
  const { expected, computed } = results(request, values);
  for (const result of computed) expect(result).toEqual(expected);
}

describe.each(["maxPool", "maxPoolGradient", "maxPoolSelect"])("%s", (op) => {
  const fill = fc.constantFrom(0, Number.NaN, Number.NEGATIVE_INFINITY);
  const planes = fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 }));

  it("does what the cpu backend does, ties and NaN included", () => {
    fc.assert(
      fc.property(fc.array(axis, { minLength: 1, maxLength: 2 }), planes, fill, fc.nat(1000), (axes, ...rest) =>
        check(op, axes, ...rest),
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    [2, 2, 0],
    [3, 2, 1],
    [3, 1, 1],
  ] as const)("does so for kernel %d, stride %d and padding %d", (kernel, stride, padding) => {
    for (const size of [28, 29]) {
      const one: Axis = { size, kernel, stride, padding: [padding, padding], dilation: 1 };
      check(op, [one, one], [2, 5], 0, size);
    }
  });
});
