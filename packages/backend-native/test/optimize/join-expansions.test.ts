/** A 1x1 convolution and the depthwise one of its large result run as one, and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import { add, type Backend, conv2d, multiply, relu, type Tensor, tensor } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { expectClose, resultsOn, watched } from "../support/compiled.ts";
import { floats } from "../support/floats.ts";

interface Case {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly expanded: number;
  readonly kernel: readonly [number, number];
  readonly depthwise: Parameters<typeof conv2d>[2];
  /** What else is given of the program. */
  readonly gives?: "expanded";
  readonly first?: number;
}

const cases: readonly Case[] = [
  { title: "stride 2", x: [1, 16, 60, 57], expanded: 96, kernel: [3, 3], depthwise: { stride: 2, padding: 1 } },
  { title: "stride 1", x: [1, 24, 57, 40], expanded: 144, kernel: [3, 3], depthwise: { padding: 1 } },
  { title: "channels that fill no vector", x: [2, 9, 47, 33], expanded: 71, kernel: [3, 3], depthwise: { padding: 1 } },
  { title: "5x5", x: [1, 8, 41, 70], expanded: 80, kernel: [5, 5], depthwise: { stride: 2, padding: 2 } },
  {
    title: "gaps",
    x: [1, 10, 55, 64],
    expanded: 70,
    kernel: [4, 3],
    depthwise: { dilation: 2, padding: 3, stride: 3 },
  },
  { title: "rows that no window meets", x: [1, 8, 64, 64], expanded: 64, kernel: [1, 2], depthwise: { stride: 5 } },
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
  },
  { title: "a small one", x: [1, 16, 14, 14], expanded: 64, kernel: [3, 3], depthwise: {} },
];

test.runIf(testsNative).each(cases)("$title", async ({ title, x, expanded, kernel, depthwise, gives, first }) => {
  const shapes = [x, [expanded, x[1], 1, 1], [expanded, 1, ...kernel], [expanded, 1, 1], [expanded, 1, 1]];
  const inputs = (): Tensor[] => {
    const [image, ...rest] = shapes.map(floats);
    const values = image.dataSync() as Float32Array;
    if (first !== undefined) values[0] = first;
    return [tensor(values, { shape: x }), ...rest];
  };
  const run = (x: Tensor, weight: Tensor, taps: Tensor, scale: Tensor, shift: Tensor): Tensor[] => {
    const between = relu(add(multiply(conv2d(x, weight), scale), shift));
    const y = relu(add(conv2d(between, taps, { ...depthwise, groups: expanded }), shift));
    // A last convolution keeps the result inside the program.
    const last = conv2d(y, floats([16, expanded, 1, 1], 9));
    return gives ? [last, between] : [last];
  };
  const theirs = await resultsOn(openCpu() as Backend, run, inputs);
  const isJoined = gives === undefined && title !== "a small one";
  for (const threads of [1, 2, 5]) {
    const native = watched((await openNative({ threads })) as Backend);
    expectClose(await resultsOn(native.backend, run, inputs), theirs, 3e-5);
    expect(native.claims().some(({ op }) => op === "expandedDepthwise")).toBe(isJoined);
  }
});
