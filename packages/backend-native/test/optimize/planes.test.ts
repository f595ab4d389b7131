/** Convolutions read an image of few channels where it lies, row-major, and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  compile,
  conv2d,
  type OpRequest,
  relu,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import type { LaidOutRequest } from "../../src/optimize/orders.ts";
import { floats } from "../support/floats.ts";

interface Case {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly weight: readonly [number, number, number, number];
  readonly options: Parameters<typeof conv2d>[2];
  /** What the first element of the image is instead. */
  readonly first?: number;
  readonly isCopied?: boolean;
}

const cases: readonly Case[] = [
  { title: "3x3, stride 2", x: [1, 3, 57, 44], weight: [32, 3, 3, 3], options: { stride: 2, padding: 1 } },
  { title: "7x7", x: [2, 3, 40, 61], weight: [64, 3, 7, 7], options: { stride: 2, padding: 3 } },
  { title: "no padding", x: [3, 3, 30, 29], weight: [19, 3, 3, 3], options: { stride: 2 } },
  { title: "padding larger than the image", x: [1, 2, 3, 2], weight: [9, 2, 3, 4], options: { padding: 5 } },
  { title: "gaps", x: [1, 7, 20, 23], weight: [70, 7, 3, 2], options: { dilation: [2, 3], stride: [1, 3] } },
  { title: "long lines", x: [1, 2, 4, 900], weight: [16, 2, 3, 3], options: { padding: 1 } },
  { title: "elements that no window meets", x: [1, 3, 21, 22], weight: [8, 3, 1, 1], options: { stride: 3 } },
  { title: "NaN", x: [1, 3, 20, 20], weight: [16, 3, 3, 3], options: { padding: 1 }, first: Number.NaN },
  { title: "many channels", x: [1, 8, 20, 20], weight: [16, 8, 3, 3], options: { padding: 1 }, isCopied: true },
];

test.runIf(testsNative).each(cases)("$title", async ({ x, weight, options, first, isCopied = false }) => {
  const resultOn = (backend: Backend): Promise<Float32Array> =>
    withBackend(backend, async () => {
      const program = compile((image: Tensor, weight: Tensor, shift: Tensor) => {
        const y = relu(add(conv2d(image, weight, options), shift));
        // A last convolution keeps the result inside the program.
        return [conv2d(y, floats([16, y.shape[1], 1, 1], 9))];
      });
      const values = (await floats(x, 0).data()) as Float32Array;
      if (first !== undefined) values[0] = first;
      const [result] = await program(tensor(values, { shape: x }), floats(weight, 1), floats([weight[0], 1, 1], 2));
      return (await result.data()) as Float32Array;
    });
  const theirs = await resultOn(openCpu() as Backend);
  const largest = theirs.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
  for (const threads of [1, 2, 5]) {
    const native = (await openNative({ threads })) as Backend;
    const layouts: (readonly boolean[] | undefined)[] = [];
    const ours = await resultOn({
      ...native,
      claim: (request: OpRequest) => {
        const { layout }: LaidOutRequest = request;
        if (layout && request.inputs[1]?.shape.join() === weight.join()) layouts.push(layout.inputs);
        return native.claim?.(request);
      },
      optimize: (draft, claim) => native.optimize!(draft, claim),
    });
    await native.close?.();
    const isFar = (value: number, at: number): boolean =>
      !Object.is(value, theirs[at]) && !(Math.abs(value - theirs[at]) < 3e-5 * largest);
    expect(ours.findIndex(isFar)).toBe(-1);
    expect(layouts.map((inputs) => inputs?.[0])).toEqual([isCopied]);
  }
});
