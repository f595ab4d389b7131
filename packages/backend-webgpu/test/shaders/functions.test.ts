/** The functions of the shader library against those of JavaScript, over the whole range of float32. */
import { type LoopNest, type ScalarOperator, scalarOperators } from "@sconce/core";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openForTests, type TestBackend } from "../device.ts";

const backend = await openForTests();
afterAll(() => backend?.close?.());

const count = 400;

async function evaluate(operator: ScalarOperator, columns: readonly Float32Array[]): Promise<Float32Array> {
  const device = backend as TestBackend;
  const nest: LoopNest = {
    shape: [count],
    inputs: columns.map(() => "float32"),
    body: [
      ...columns.map(
        (_, input) =>
          ({ kind: "load", input, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1] } }) as const,
      ),
      { kind: "apply", operator, dtype: "float32", operands: columns.map((_, i) => i) },
    ],
    epilogue: [],
    stores: [{ value: columns.length, dtype: "float32" }],
  };
  const kernel = await device.compile(nest);
  const inputs = columns.map((column) => {
    const buffer = device.allocate(column.byteLength);
    device.write(buffer, column);
    return buffer;
  });
  const output = device.allocate(4 * count);
  kernel.run(inputs, [output]);
  const result = new Float32Array(await device.read(output, 4 * count));
  for (const buffer of [...inputs, output]) device.release(buffer);
  return result;
}

/** Numbers of every size that a device keeps, from -most to most. */
const numbers = (most: number, least = -most) =>
  fc.oneof(
    fc.double({ min: least, max: most, noNaN: true }),
    fc.double({ min: Math.max(least, -1), max: 1, noNaN: true }),
    fc
      .tuple(
        fc.integer({ min: -100, max: Math.floor(Math.log2(most)) - 1 }),
        fc.double({ min: 1, max: 2, noNaN: true }),
      )
      .map(([exponent, mantissa]) => mantissa * 2 ** exponent),
  );

const list = (values: fc.Arbitrary<number>) =>
  fc
    .array(values, { minLength: count, maxLength: count })
    .map((array) => Float32Array.from(array, (value) => (Math.abs(value) < 2 ** -126 ? 0 : value)));

/** Relative and absolute error allowed, beside one unit of the smallest normal number. */
const functions: readonly (readonly [ScalarOperator, readonly fc.Arbitrary<number>[], number, number])[] = [
  ["exp", [numbers(88, -86)], 4e-7, 0],
  ["expm1", [numbers(88)], 6e-7, 0],
  ["log", [numbers(3e38, 1e-37)], 3e-7, 1e-7],
  ["log1p", [numbers(3e38, -0.9999)], 6e-7, 0],
  ["tanh", [numbers(20)], 6e-7, 0],
  ["erf", [numbers(5)], 6e-7, 0],
  ["sin", [numbers(1e9)], 3e-7, 2e-7],
  ["cos", [numbers(1e9)], 3e-7, 2e-7],
  ["sqrt", [numbers(3e38, 0)], 3e-7, 0],
  ["power", [numbers(100, 0.01), numbers(18)], 2e-6, 0],
];

describe.skipIf(!backend)("functions of the shader library", () => {
  it.each(functions)("%s", async (operator, operands, relative, absolute) => {
    const { evaluate: exact } = scalarOperators[operator];
    await fc.assert(
      fc.asyncProperty(fc.tuple(...operands.map(list)), async (columns) => {
        const actual = await evaluate(operator, columns);
        for (let i = 0; i < count; i++) {
          const [a, b = 0] = columns.map((column) => column[i]);
          const expected = exact(a, b, 0, "float32");
          const tolerance = relative * Math.abs(expected) + absolute + 2 ** -126;
          if (Math.abs(expected) > 3.3e38) continue;
          expect(
            Math.abs(actual[i] - expected),
            `${operator}(${a}, ${b}) is ${actual[i]}, not ${expected}`,
          ).toBeLessThanOrEqual(tolerance);
        }
      }),
      { numRuns: 4 },
    );
  });
});
