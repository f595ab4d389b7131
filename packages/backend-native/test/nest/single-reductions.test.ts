/** Reductions of one element, or of which a guard leaves one, against the meaning of a nest. */
import { interpretNest } from "@sconce/conformance";
import { type Combine, type DType, dtypes, type Instruction, isFloat, type LoopNest } from "@sconce/core";
import { afterAll, expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { openNative } from "../../src/index.ts";
import { numbersFor, runNest } from "../support/nests.ts";

const backends = testsNative ? await Promise.all([1, 3].map((threads) => openNative({ threads }))) : [];
afterAll(async () => {
  for (const backend of backends) await backend.close?.();
});

const combines: readonly Combine[] = ["sum", "max", "min", "product"];
const types = combines.flatMap((combine) => dtypes.map((dtype) => [combine, dtype] as const));
const constant = (value: number): Instruction => ({ kind: "constant", dtype: "int32", value });
const index = (axis: number): Instruction => ({ kind: "index", axis });
const load = (input: number, dtype: DType, strides: readonly number[], guard?: number): Instruction => ({
  kind: "load",
  input,
  dtype,
  access: { kind: "affine", offset: 0, strides },
  guard,
});
const apply = (operator: "equal" | "where", dtype: DType, ...operands: number[]): Instruction => ({
  kind: "apply",
  operator,
  dtype,
  operands,
});

/** Fails unless the results are those of the interpreter, of two zeros either. */
function compare(nest: LoopNest, inputs: readonly (readonly number[])[]): void {
  const reference = interpretNest(nest, inputs);
  for (const native of backends) {
    const got = runNest(native, nest, inputs);
    got.forEach((values, store) => {
      const expected = reference[store].values;
      values.forEach((value, at) => {
        if (!Object.is(value + 0, expected[at] + 0)) expect(value, `store ${store} at ${at}`).toBe(expected[at]);
      });
    });
  }
}

/** Shapes with few and with many elements, and with rows that end within vectors. */
const shapes = [[], [7], [3, 37], [30, 301]];

test.runIf(testsNative).each(types)("the %s of one %s", (combine, dtype) => {
  for (const shape of shapes) {
    const size = shape.reduce((a, b) => a * b, 1);
    const rowMajor = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const nest: LoopNest = {
      shape,
      // A loop of one turn has a stride that nothing may be read at.
      reduce: {
        extent: [1, 1],
        accumulators: [
          { value: 0, combine, dtype },
          { value: 2, combine: "sum", dtype: "int32" },
        ],
      },
      inputs: [dtype, dtype],
      body: [load(0, dtype, [...rowMajor, 1000, 7]), constant(3), index(shape.length)],
      epilogue: [
        { kind: "accumulator", index: 1 },
        constant(0),
        apply("equal", "bool", 0, 1),
        { kind: "accumulator", index: 0 },
        load(1, dtype, rowMajor, 2),
        apply("where", dtype, 2, 3, 4),
      ],
      stores: [
        { value: 3, dtype },
        { value: 0, dtype: "int32" },
        { value: 4, dtype },
        { value: 5, dtype },
      ],
    };
    compare(nest, [numbersFor(dtype, size, 1), numbersFor(dtype, size, 2)]);
  }
});

test.runIf(testsNative).each(types)("the %s of %s numbers of which a guard leaves one", (combine, dtype) => {
  // As in the gradient of a choice along an axis: element [i, j] is that of turn `chosen[j]`, and all others are 0.
  for (const [rows, columns, turns] of [
    [3, 5, 1],
    [4, 19, 6],
    [30, 130, 9],
  ]) {
    const nest: LoopNest = {
      shape: [rows, columns],
      reduce: { extent: [turns], accumulators: [{ value: 3, combine, dtype }] },
      inputs: ["int32", dtype],
      body: [load(0, "int32", [0, 1, 0]), index(2), apply("equal", "bool", 0, 1), load(1, dtype, [columns, 1, 0], 2)],
      epilogue: [{ kind: "accumulator", index: 0 }],
      stores: [{ value: 0, dtype }],
    };
    const chosen = Array.from({ length: columns }, (_, j) => (j * 5) % turns);
    // In the last case one of the choices is no turn at all.
    if (turns > 6) chosen[3] = -1;
    compare(nest, [chosen, numbersFor(dtype, rows * columns, 3)]);
  }
});

test.runIf(testsNative)("floats keep NaN and infinities", () => {
  for (const dtype of dtypes.filter(isFloat)) {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (const combine of combines) {
      const nest: LoopNest = {
        shape: [4],
        reduce: { extent: [1], accumulators: [{ value: 0, combine, dtype }] },
        inputs: [dtype],
        body: [load(0, dtype, [1, 0])],
        epilogue: [{ kind: "accumulator", index: 0 }],
        stores: [{ value: 0, dtype }],
      };
      for (const native of backends) expect(runNest(native, nest, [special])[0]).toEqual(special);
    }
  }
});
