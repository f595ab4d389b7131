/** In a sum of two convolutions' results each does its own part of the work; and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  compile,
  conv2d,
  multiply,
  type ProgramDraft,
  relu,
  type Tensor,
  withBackend,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { floats } from "../support/floats.ts";

/** x, two kernels, and two values for each channel. */
const shapes = [
  [2, 4, 7, 5],
  [6, 4, 3, 3],
  [6, 4, 1, 1],
  [6, 1, 1],
  [6, 1, 1],
];

type Sum = (a: Tensor, b: Tensor, scale: Tensor, shift: Tensor) => Tensor;

/** The nests that are left. */
const cases: readonly (readonly [title: string, sum: Sum, nests: number])[] = [
  ["both scaled", (a, b, s, t) => relu(add(add(multiply(a, s), t), add(multiply(b, t), s))), 0],
  ["one scaled", (a, b, s) => add(multiply(a, s), b), 0],
  ["the other scaled", (a, b, s) => add(a, multiply(b, s)), 0],
  ["a product", (a, b, s) => multiply(multiply(a, s), multiply(b, s)), 1],
  ["one that is needed twice", (a, b, s, t) => multiply(add(multiply(a, s), multiply(b, t)), a), 1],
];

test.runIf(testsNative).each(cases)("%s", async (_, sum, nests) => {
  const native = await openNative();
  let left = 0;
  const watched: Backend = {
    ...(native as Backend),
    optimize: (draft: ProgramDraft, claim) => {
      const optimized = native.optimize!(draft, claim);
      const isOwn = ({ work, name }: ProgramDraft["nodes"][number]): boolean =>
        work.kind === "nest" && !name.startsWith("to ");
      left = optimized.nodes.filter(isOwn).length;
      return optimized;
    },
  };
  const resultOn = (backend: Backend): Promise<Float32Array> =>
    withBackend(backend, async () => {
      const [x, ...rest] = shapes.map(floats);
      const run = compile((x: Tensor, first: Tensor, second: Tensor, scale: Tensor, shift: Tensor) =>
        sum(conv2d(x, first, { padding: 1 }), conv2d(x, second), scale, shift),
      );
      return (await (await run(x, rest[0], rest[1], rest[2], rest[3])).data()) as Float32Array;
    });
  const [ours, theirs] = [await resultOn(watched), await resultOn(openCpu() as Backend)];
  await native.close?.();
  ours.forEach((value, i) => {
    expect(value).toBeCloseTo(theirs[i], 3);
  });
  expect(left).toBe(nests);
});
