/** Several results of one nest, of which the first ones are written before the last inputs are read: over inputs, too. */
import { openNative } from "@sconce/backend-native";
import type { Backend, Instruction, LoopNest } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";

const strides = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
const operators = ["add", "multiply", "subtract"] as const;

/** The sum, the product and the difference of two arrays. */
function nestOf(shape: readonly number[]): LoopNest {
  const access = { kind: "affine", offset: 0, strides: strides(shape) } as const;
  const loads = [0, 1].map((input): Instruction => ({ kind: "load", input, dtype: "float32", access }));
  const apply = (operator: (typeof operators)[number]): Instruction => ({
    kind: "apply",
    operator,
    dtype: "float32",
    operands: [0, 1],
  });
  const body = [...loads, ...operators.map(apply)];
  const stores = [2, 3, 4].map((value) => ({ value, dtype: "float32" }) as const);
  return { shape, inputs: ["float32", "float32"], body, epilogue: [], stores };
}

const shapes = [[7], [1000], [3, 2000], [40, 70, 11], [1300, 1500]];
/** Of each of the three results, the buffer: 0 and 1 are the inputs', others are its own. */
const places = [
  [2, 3, 4],
  [0, 3, 4],
  [1, 3, 0],
  [2, 1, 0],
];
const cases = shapes.flatMap((shape) => places.map((place) => [shape, place] as const));

test.runIf(testsNative).each(cases)("shape %o, results in buffers %o", async (shape, place) => {
  const native = (await openNative({ threads: 2 })) as Backend;
  const count = shape.reduce((a, b) => a * b, 1);
  const a = Float32Array.from({ length: count }, (_, i) => (i % 1013) - 500);
  const b = Float32Array.from({ length: count }, (_, i) => (i % 97) + 1);
  const buffers = Array.from({ length: 5 }, () => native.allocate(4 * count));
  native.write(buffers[0], a);
  native.write(buffers[1], b);
  const kernel = await native.compile(nestOf(shape));
  kernel.run(
    buffers.slice(0, 2),
    place.map((number) => buffers[number]),
  );
  const expected = [
    a.map((value, i) => value + b[i]),
    a.map((value, i) => value * b[i]),
    a.map((value, i) => value - b[i]),
  ];
  for (const [i, number] of place.entries()) {
    const result = new Float32Array(await native.read(buffers[number], 4 * count));
    expect(
      result.findIndex((value, at) => value !== expected[i][at]),
      operators[i],
    ).toBe(-1);
  }
  await native.close?.();
});
