/** In a sum of two convolutions' results each does its own part of the work; and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import { add, type Backend, conv2d, multiply, relu, type Tensor } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { expectClose, resultsOn, watched } from "../support/compiled.ts";
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
  const run = (x: Tensor, first: Tensor, second: Tensor, scale: Tensor, shift: Tensor): Tensor[] => [
    sum(conv2d(x, first, { padding: 1 }), conv2d(x, second), scale, shift),
  ];
  const native = watched((await openNative()) as Backend);
  const ours = await resultsOn(native.backend, run, () => shapes.map(floats));
  expectClose(ours, await resultsOn(openCpu() as Backend, run, () => shapes.map(floats)), 1e-4);
  const left = native.nodes.filter(({ work, name }) => work.kind === "nest" && !name.startsWith("to "));
  expect(left.length).toBe(nests);
});
