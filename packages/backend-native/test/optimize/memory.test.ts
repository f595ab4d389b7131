/** Values that are made as parts of others or stored over them; and the results are the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  compile,
  concatenate,
  grad,
  matmul,
  multiply,
  type ProgramDraft,
  relu,
  setSeed,
  sigmoid,
  sin,
  slice,
  sum,
  type Tensor,
  tanh,
  withBackend,
} from "@sconce/core";
import { LSTM } from "@sconce/layers";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import type { NativeKernel } from "../../src/native-kernel.ts";
import { floats } from "../support/floats.ts";

/** What is left of a program. */
interface Left {
  /** Concatenations that copy. */
  readonly joins?: number;
  /** Nests whose results lie side by side. */
  readonly sideBySide?: number;
  /** Kernels that find their buffers within others. */
  readonly placed?: number;
}

type Work = (x: Tensor, y: Tensor) => readonly Tensor[];

/** `rows` rows of a matrix from `row` on, and of these the columns likewise. */
const part = (x: Tensor, row: number, rows: number, column: number, columns: number): Tensor =>
  slice(x, [
    { start: row, end: row + rows },
    { start: column, end: column + columns },
  ]);

/** Of [4, 64] and [64, 64]. */
const cases: readonly (readonly [title: string, work: Work, left: Left])[] = [
  [
    "parts are made where they belong",
    (x, y) => {
      const a = matmul(x, y);
      const parts = [relu(a), matmul(a, y), tanh(a)];
      return [matmul(concatenate(parts), y), matmul(parts[1], y)];
    },
    { joins: 0, placed: 3 },
  ],
  [
    "parts are read where they are",
    (x, y) => {
      const [a, b] = [matmul(x, y), matmul(x, y, { transposeB: true })];
      const again = tanh(multiply(a, b));
      return [matmul(concatenate([a, b, again]), y), matmul(b, y)];
    },
    { joins: 0, placed: 4 },
  ],
  [
    "parts of something that is given out stay",
    (x, y) => [concatenate([matmul(x, y), matmul(x, x, { transposeB: true }).tile([1, 16])])],
    { joins: 1, placed: 0 },
  ],
  ["what is given stays", (x, y) => [matmul(concatenate([x, matmul(x, y)]), y)], { joins: 1, placed: 0 }],
  [
    "what is given out stays",
    (x, y) => {
      const part = matmul(x, y);
      return [part, matmul(concatenate([part, matmul(part, y)]), y)];
    },
    { joins: 1, placed: 0 },
  ],
  [
    "parts that begin within a cache line stay",
    (x, y) => {
      const short = matmul(part(x, 0, 1, 0, 3), part(y, 0, 3, 0, 3));
      const other = matmul(part(x, 0, 2, 0, 3), part(y, 0, 3, 0, 3));
      return [matmul(concatenate([short, other]), part(y, 0, 3, 0, 64))];
    },
    { joins: 1, placed: 0 },
  ],
  [
    "a part of two wholes is in one of them",
    (x, y) => {
      const parts = [matmul(x, y), tanh(matmul(x, y))];
      return [matmul(concatenate(parts), y), matmul(concatenate([...parts].reverse()), y)];
    },
    { joins: 1 },
  ],
  [
    "results of a nest lie side by side",
    (x, y) => {
      const a = matmul(x, y);
      const parts = concatenate([sigmoid(a), tanh(a)], 1);
      return [matmul(parts, concatenate([y, y]))];
    },
    { sideBySide: 1 },
  ],
  [
    "a result that is read elsewhere does not",
    (x, y) => {
      const a = matmul(x, y);
      const [b, c] = [sigmoid(a), tanh(a)];
      return [matmul(concatenate([b, c], 1), concatenate([y, y])), matmul(c, y)];
    },
    { sideBySide: 0 },
  ],
];

async function compared(make: () => Work, inputs: readonly (() => Tensor)[]): Promise<Required<Left>> {
  const native = await openNative();
  let left: Required<Left> | undefined;
  const watched: Backend = {
    ...(native as Backend),
    optimize: (draft: ProgramDraft, claim) => {
      const optimized = native.optimize!(draft, claim);
      const ops = optimized.nodes.map(({ work }) => (work.kind === "claim" ? work.request.op : work.kind));
      const isPlaced = ({ work }: ProgramDraft["nodes"][number]): boolean =>
        work.kind === "claim" && (work.kernel as NativeKernel).places !== undefined;
      left = {
        joins: ops.filter((op) => op === "concatenate").length,
        sideBySide: ops.filter((op) => op === "joinedNest").length,
        placed: optimized.nodes.filter(isPlaced).length,
      };
      return optimized;
    },
  };
  const resultsOn = (backend: Backend): Promise<Float32Array[]> =>
    withBackend(backend, async () => {
      const run = compile(make());
      const [x, y] = inputs.map((input) => input());
      let results: readonly Tensor[] = [];
      // Twice: what a run leaves in memory must not reach the next.
      for (let i = 0; i < 2; i++) results = await run(x, y);
      return Promise.all(results.map(async (each) => (await each.data()) as Float32Array));
    });
  const [ours, theirs] = [await resultsOn(watched), await resultsOn(openCpu() as Backend)];
  await native.close?.();
  for (const [i, values] of theirs.entries()) {
    expect(ours[i].length).toBe(values.length);
    for (const [at, value] of values.entries()) expect(ours[i][at]).toBeCloseTo(value, 3);
  }
  return left as Required<Left>;
}

test.runIf(testsNative).each(cases)("%s", async (_, work, expected) => {
  const left = await compared(() => work, [() => floats([4, 64], 1), () => floats([64, 64], 2)]);
  expect(left).toMatchObject(expected);
});

/** Two gates are functions of sums, and are needed again after products of them were made. */
const gated =
  (others: (sums: Tensor, product: Tensor) => Tensor[]): Work =>
  (x, y) => {
    const sums = matmul(x, y);
    const [a, b] = [sigmoid(part(sums, 0, 4, 0, 32)), tanh(part(sums, 0, 4, 32, 32))];
    let product = multiply(a, b);
    for (let i = 0; i < 3; i++) product = add(multiply(sin(matmul(product, part(y, 0, 32, 0, 32))), a), b);
    return [product, ...others(sums, product)];
  };

test.runIf(testsNative).each<readonly [string, Work, Left]>([
  ["gates are stored over their sums", gated(() => []), { sideBySide: 1 }],
  [
    "sums that are needed later stay",
    gated((sums, product) => [multiply(sums, concatenate([product, product], 1))]),
    { sideBySide: 0 },
  ],
  [
    "sums of which a part is needed later stay",
    gated((sums, product) => [add(part(sums, 0, 4, 8, 32), product)]),
    { sideBySide: 0 },
  ],
])("%s", async (_, work, expected) => {
  const left = await compared(() => work, [() => floats([4, 64], 1), () => floats([64, 64], 2)]);
  expect(left).toMatchObject(expected);
});

test.runIf(testsNative).each([
  // Where steps begin within a cache line, it is the sums with the state, and the gradients are copied together.
  { extents: [5, 6, 32], joins: 1, sideBySide: 10 },
  { extents: [5, 3, 5], joins: 3, sideBySide: 10 },
])(
  "a recurrent layer's gates are stored over their sums, and the gates' gradients over them: $extents",
  async ({ extents, joins, sideBySide }) => {
    const [steps, rows, units] = extents;
    const make = (): Work => {
      setSeed(1);
      const layer = new LSTM(units, units);
      return (x) => {
        const { output } = layer.forward(x);
        const loss = sum(multiply(output, output));
        return [loss, ...grad(loss, [x, ...layer.parameters()])];
      };
    };
    const left = await compared(make, [() => floats([steps, rows, units], 1), () => floats([1], 1)]);
    expect(left).toMatchObject({ joins, sideBySide });
  },
);
