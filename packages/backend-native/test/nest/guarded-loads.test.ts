/** Loads with a guard, which read whole rows where they may and clear what the guard refuses, against the meaning of a nest. */
import { interpretNest } from "@sconce/conformance";
import type { DType, Instruction, LoopNest, ScalarOperator } from "@sconce/core";
import { afterAll, expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { openNative } from "../../src/index.ts";
import { numbersFor, runNest } from "../support/nests.ts";

const backends = testsNative ? await Promise.all([1, 3].map((threads) => openNative({ threads }))) : [];
afterAll(async () => {
  for (const backend of backends) await backend.close?.();
});

interface Padded {
  readonly title: string;
  /** Rows and columns of the input and of the result. */
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  /** Elements ahead of the input's first one; negative where some are left out. */
  readonly before: readonly [number, number];
  readonly stride?: readonly [number, number];
}

const cases: readonly Padded[] = [
  { title: "all sides", from: [6, 9], to: [11, 20], before: [2, 5] },
  { title: "the first side", from: [6, 9], to: [9, 12], before: [3, 3] },
  { title: "the last side", from: [6, 9], to: [9, 12], before: [0, 0] },
  { title: "elements left out", from: [9, 14], to: [12, 9], before: [-2, -3] },
  { title: "stride 2", from: [15, 21], to: [10, 12], before: [3, 2], stride: [2, 2] },
  { title: "backwards", from: [8, 13], to: [12, 17], before: [-9, -14], stride: [-1, -1] },
  { title: "every third of the columns", from: [30, 130], to: [31, 47], before: [1, 4], stride: [1, 3] },
  { title: "nothing of the input", from: [3, 4], to: [5, 6], before: [20, 20] },
  { title: "one element", from: [1, 1], to: [40, 50], before: [39, 49] },
  { title: "rows longer than a block", from: [2, 2600], to: [4, 2700], before: [1, 33] },
  { title: "many short rows", from: [900, 5], to: [901, 7], before: [1, 1] },
];

/** Pads, with the guards that say which elements are there. */
function nestOf(dtype: DType, { from, to, before, stride = [1, 1] }: Padded): LoopNest {
  const body: Instruction[] = [];
  const add = (instruction: Instruction): number => body.push(instruction) - 1;
  const constant = (value: number): number => add({ kind: "constant", dtype: "int32", value });
  const apply = (operator: ScalarOperator, type: DType, ...operands: number[]): number =>
    add({ kind: "apply", operator, dtype: type, operands });
  const within = [0, 1].map((axis) => {
    const scaled = apply("multiply", "int32", add({ kind: "index", axis }), constant(stride[axis]));
    const at = apply("subtract", "int32", scaled, constant(before[axis]));
    const isFrom = apply("greaterEqual", "bool", at, constant(0));
    return apply("and", "bool", isFrom, apply("less", "bool", at, constant(from[axis])));
  });
  const both = apply("and", "bool", ...within);
  const [width] = from.slice(1);
  const access = {
    kind: "affine",
    offset: -before[0] * width - before[1],
    strides: [stride[0] * width, stride[1]],
  } as const;
  // One guard of rows and columns, one of rows, and one of columns, which refuse less: what is read besides is there.
  const value = add({ kind: "load", input: 0, dtype, access, guard: both });
  const more = add({
    kind: "load",
    input: 1,
    dtype,
    access: { kind: "affine", offset: 0, strides: [to[1], 1] },
    guard: within[0],
  });
  const others = add({
    kind: "load",
    input: 1,
    dtype,
    access: { kind: "affine", offset: 0, strides: [0, 1] },
    guard: within[1],
  });
  const results = [value, more, others];
  return { shape: to, inputs: [dtype, dtype], body, epilogue: [], stores: results.map((value) => ({ value, dtype })) };
}

/** Of each size of elements, and each way to hold them while they are worked on. */
const types: readonly DType[] = ["bool", "int32", "float16", "float32", "float64"];

test.runIf(testsNative).each(cases)("$title", (padded) => {
  for (const dtype of types) {
    const nest = nestOf(dtype, padded);
    const inputs = [padded.from, padded.to].map(([rows, columns], i) => numbersFor(dtype, rows * columns, i + 1));
    const reference = interpretNest(nest, inputs);
    for (const native of backends) {
      const got = runNest(native, nest, inputs);
      got.forEach((values, store) => {
        expect(values, `store ${store}, ${dtype}`).toEqual(Array.from(reference[store].values));
      });
    }
  }
});
