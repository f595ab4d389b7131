/** Convolutions and pools with large results between them run as one, and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  compile,
  conv2d,
  maxPool2d,
  multiply,
  type ProgramDraft,
  relu,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import type { StripsAttributes } from "../../src/claims/convolution.ts";
import { floats } from "../support/floats.ts";

interface Case {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly expanded: number;
  readonly kernel: readonly [number, number];
  readonly depthwise: Parameters<typeof conv2d>[2];
  /** What else is given of the program. */
  readonly gives?: "expanded";
  /** How many are joined; all three by default. */
  readonly joined?: number;
  readonly first?: number;
}

const cases: readonly Case[] = [
  {
    title: "stride 2",
    x: [1, 16, 60, 57],
    expanded: 96,
    kernel: [3, 3],
    depthwise: { stride: 2, padding: 1 },
    joined: 2,
  },
  { title: "stride 1", x: [1, 24, 57, 40], expanded: 144, kernel: [3, 3], depthwise: { padding: 1 } },
  { title: "channels that fill no vector", x: [2, 9, 47, 33], expanded: 71, kernel: [3, 3], depthwise: { padding: 1 } },
  { title: "5x5", x: [1, 8, 41, 70], expanded: 80, kernel: [5, 5], depthwise: { stride: 2, padding: 2 }, joined: 2 },
  {
    title: "gaps",
    x: [1, 10, 55, 64],
    expanded: 70,
    kernel: [4, 3],
    depthwise: { dilation: 2, padding: 3, stride: 3 },
    joined: 2,
  },
  {
    title: "rows that no window meets",
    x: [1, 8, 64, 64],
    expanded: 64,
    kernel: [1, 2],
    depthwise: { stride: 5 },
    joined: 2,
  },
  { title: "rows that are long", x: [1, 8, 5, 900], expanded: 64, kernel: [3, 3], depthwise: { padding: 1 } },
  { title: "NaN", x: [1, 16, 60, 57], expanded: 64, kernel: [3, 3], depthwise: { padding: 1 }, first: Number.NaN },
  { title: "infinity", x: [1, 16, 60, 57], expanded: 64, kernel: [3, 3], depthwise: { padding: 1 }, first: Infinity },
  {
    title: "one that is read elsewhere",
    x: [1, 16, 60, 57],
    expanded: 64,
    kernel: [3, 3],
    depthwise: {},
    gives: "expanded",
    joined: 2,
  },
  { title: "a small one", x: [1, 16, 14, 14], expanded: 64, kernel: [3, 3], depthwise: {}, joined: 0 },
];

/** Where a network begins: its image lies as it was given. */
const beginnings: readonly (readonly [string, (x: Tensor) => Tensor, readonly number[], number])[] = [
  ["a pool", (x) => pooled(conv(x, 64, 3, { stride: 2 }), { stride: 2 }), [1, 3, 123, 124], 2],
  [
    "a pool with padding",
    (x) => pooled(conv(x, 70, 7, { stride: 2, padding: 3 }), { stride: 2, padding: 1 }),
    [2, 3, 112, 117],
    2,
  ],
  ["a pool of stride 1", (x) => pooled(conv(x, 33, 4, { dilation: 2 }), { stride: 1, padding: 1 }), [1, 5, 90, 91], 2],
  ["a pool of stride 3", (x) => pooled(conv(x, 65, 3, { stride: 3 }), { stride: 3 }), [1, 1, 180, 181], 2],
  [
    "a depthwise convolution, and one of 1x1",
    (x) => conv(conv(conv(x, 32, 3, { stride: 2, padding: 1 }), 32, 3, { padding: 1, groups: 32 }), 16, 1, {}),
    [1, 3, 163, 162],
    3,
  ],
  [
    "what is added to the last",
    (x) => {
      const y = conv(x, 24, 1, {});
      return add(conv(conv(conv(y, 96, 1, {}), 96, 3, { padding: 1, groups: 96 }), 24, 1, {}), y);
    },
    [1, 9, 47, 49],
    3,
  ],
];

/** The parameters of a network in the order it asks for them, which each trace does anew. */
let parameters: Tensor[] = [];
let asked = 0;

function parameter(shape: readonly number[]): Tensor {
  parameters[asked] ??= floats(shape, asked + 1);
  return parameters[asked++];
}

function conv(x: Tensor, outputs: number, kernel: number, options: NonNullable<Parameters<typeof conv2d>[2]>): Tensor {
  const weight = parameter([outputs, x.shape[1] / (options.groups ?? 1), kernel, kernel]);
  return relu(add(conv2d(x, weight, options), parameter([outputs, 1, 1])));
}

const pooled = (x: Tensor, options: { stride: number; padding?: number }): Tensor =>
  maxPool2d(x, { kernelSize: 3, ...options });

/** Runs the program on both backends, with several numbers of threads; the result is how many ops were joined. */
async function expectSame(run: (backend: Backend) => Promise<Float32Array[]>): Promise<number> {
  let joined = 0;
  const watched = (native: Backend): Backend => ({
    ...native,
    optimize: (draft: ProgramDraft, claim) => {
      const optimized = native.optimize!(draft, claim);
      for (const { work } of optimized.nodes) {
        if (work.kind === "claim" && work.request.op === "strips")
          joined = (work.request.attributes as StripsAttributes).parts.length;
      }
      return optimized;
    },
  });
  const theirs = await run(openCpu() as Backend);
  for (const threads of [1, 2, 5]) {
    const native = (await openNative({ threads })) as Backend;
    const ours = await run(watched(native));
    await native.close?.();
    ours.forEach((values, i) => {
      const largest = theirs[i].reduce(
        (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
        0,
      );
      const isFar = (value: number, at: number): boolean =>
        !Object.is(value, theirs[i][at]) && !(Math.abs(value - theirs[i][at]) < 3e-5 * largest);
      expect(values.findIndex(isFar)).toBe(-1);
    });
  }
  return joined;
}

const dataOf = (results: readonly Tensor[]): Promise<Float32Array[]> =>
  Promise.all(results.map(async (result) => (await result.data()) as Float32Array));

test.runIf(testsNative).each(cases)("$title", async ({ x, expanded, kernel, depthwise, gives, joined, first }) => {
  const shapes = [x, [expanded, x[1], 1, 1], [expanded, 1, ...kernel], [expanded, 1, 1], [expanded, 1, 1]];
  const found = await expectSame((backend) =>
    withBackend(backend, async () => {
      const program = compile((x: Tensor, weight: Tensor, taps: Tensor, scale: Tensor, shift: Tensor) => {
        const between = relu(add(multiply(conv2d(x, weight), scale), shift));
        const y = relu(add(conv2d(between, taps, { ...depthwise, groups: expanded }), shift));
        // A last convolution keeps the result inside the program.
        const last = conv2d(y, floats([16, expanded, 1, 1], 9));
        return gives ? [last, between] : [last];
      });
      const [image, weight, taps, scale, shift] = shapes.map(floats);
      const values = (await image.data()) as Float32Array;
      if (first !== undefined) values[0] = first;
      return dataOf(await program(tensor(values, { shape: x }), weight, taps, scale, shift));
    }),
  );
  expect(found).toBe(joined ?? 3);
});

test.runIf(testsNative).each(beginnings)("%s", async (_, network, shape, joined) => {
  for (const special of [0, Number.NaN, Number.NEGATIVE_INFINITY]) {
    const found = await expectSame((backend) =>
      withBackend(backend, async () => {
        parameters = [];
        const whole = (x: Tensor): Tensor => {
          asked = 0;
          // A last convolution keeps the result inside the program.
          return conv(network(x), 8, 2, {});
        };
        whole(floats(shape, 0));
        const program = compile((x: Tensor) => [whole(x)]);
        const values = (await floats(shape, 0).data()) as Float32Array;
        values[Math.floor(values.length / 2)] = special;
        return dataOf(await program(tensor(values, { shape })));
      }),
    );
    expect(found).toBe(joined);
  }
});
