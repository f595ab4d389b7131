/** Cheap functions of stored values are computed where they are read; and the results are the same to the last bit. */
import { openNative } from "@sconce/backend-native";
import type { Instruction, LoopNest, ProgramDraft, ProgramNode } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import type { NativeKernel } from "../../src/native-kernel.ts";
import { computeAgain } from "../../src/optimize/compute-again.ts";

const size = 300;
const load = (input: number, offset = 0): Instruction => ({
  kind: "load",
  input,
  dtype: "float32",
  access: { kind: "affine", offset, strides: [1] },
});
const one: Instruction = { kind: "constant", dtype: "float32", value: 1 };
const apply = (operator: "tanh" | "sin" | "multiply" | "subtract" | "add", ...operands: number[]): Instruction => ({
  kind: "apply",
  operator,
  dtype: "float32",
  operands,
});

function nest(inputs: number[], outputs: number[], body: Instruction[], stores: number[], shape = [size]): ProgramNode {
  const work: LoopNest = {
    shape,
    inputs: inputs.map(() => "float32"),
    body,
    epilogue: [],
    stores: stores.map((value) => ({ value, dtype: "float32" })),
  };
  return { name: "nest", work: { kind: "nest", nest: work }, inputs, outputs, flops: 0 };
}

/** 1: y = tanh(x), and 2: a function of it. */
const maker = (...more: Instruction[]): ProgramNode =>
  nest([0], [1, 2], [one, load(0), apply("tanh", 1), ...more], [2, 2 + more.length]);
const slope = maker(apply("multiply", 2, 2), apply("subtract", 0, 3));
const dear = maker(apply("sin", 2));
/** 3: y + sin(function). */
const reader = nest([1, 2], [3], [load(0), load(1), apply("sin", 1), apply("add", 0, 2)], [3]);
/** The same of all but the first element. */
const later = nest([2, 1], [3], [load(0, 1), apply("sin", 0), load(1, 1), apply("add", 1, 2)], [3], [size - 1]);
const readerOfOne = nest([2], [3], [load(0), apply("sin", 0)], [1]);

const cases: readonly (readonly [title: string, nodes: ProgramNode[], outputs: number[], stored: number[]])[] = [
  ["a slope is computed again", [slope, reader], [3], [1]],
  ["other elements of it, too", [slope, later], [3], [1]],
  ["what takes longer is stored", [dear, reader], [3], [1, 2]],
  ["what is given out is stored", [slope, reader], [2, 3], [1, 2]],
  ["who does not read the value itself reads the function", [slope, readerOfOne], [3], [1, 2]],
];

test.runIf(testsNative).each(cases)("%s", async (_, nodes, outputs, stored) => {
  const native = await openNative();
  const draft: ProgramDraft = {
    values: [0, 1, 2, 3].map((value) => ({ shape: [size], dtype: "float32", ...(value === 0 && { source: 0 }) })),
    nodes,
    outputs: outputs.map((value) => ({ value })),
  };
  const resultsOf = ({ nodes }: ProgramDraft): Float32Array[] => {
    const buffers = draft.values.map(() => native.allocate(4 * size));
    native.write(
      buffers[0],
      Float32Array.from({ length: size }, (_, i) => i / 40 - 3),
    );
    native.write(buffers[3], new Float32Array(size));
    for (const { work, inputs, outputs } of nodes) {
      const bound = (values: readonly number[]) => values.map((value) => buffers[value]);
      if (work.kind === "nest") (native.compile(work.nest) as NativeKernel).run(bound(inputs), bound(outputs));
    }
    return outputs.map((value) => new Float32Array(native.readSync!(buffers[value], 4 * size)));
  };
  const changed = computeAgain(draft);
  expect(changed.nodes[0].outputs).toEqual(stored);
  if (stored.length === 1) expect(changed.nodes[1].inputs).toEqual([1]);
  expect(resultsOf(changed)).toEqual(resultsOf(draft));
  await native.close?.();
});
