/** Convolutions write their channels of one result, whatever kernel does them; and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import { add, type Backend, concatenate, conv2d, relu, type Tensor } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { expectClose, resultsOn, watched } from "../support/compiled.ts";
import { floats } from "../support/floats.ts";

type Case = readonly [
  title: string,
  shapes: readonly (readonly number[])[],
  run: (x: Tensor, ...weights: Tensor[]) => readonly Tensor[],
  isJoined: boolean,
];

const cases: readonly Case[] = [
  [
    "small ones",
    [
      [1, 3, 6, 5],
      [2, 3, 1, 1],
      [5, 3, 3, 3],
    ],
    (x, a, b) => [concatenate([conv2d(x, a), conv2d(x, b, { padding: 1 })], 1)],
    true,
  ],
  [
    "minimal filtering",
    [
      [2, 16, 30, 29],
      [16, 16, 3, 3],
      [3, 16, 1, 1],
      [32, 16, 3, 3],
    ],
    (x, a, b, c) => [concatenate([conv2d(x, a, { padding: 1 }), conv2d(x, b), relu(conv2d(x, c, { padding: 1 }))], 1)],
    true,
  ],
  [
    "with a bias for each channel",
    [
      [3, 4, 9, 9],
      [8, 4, 3, 3],
      [16, 4, 1, 1],
      [24, 1, 1],
    ],
    (x, a, b, c) => [relu(add(concatenate([conv2d(x, a, { padding: 1 }), conv2d(x, b)], 1), c))],
    true,
  ],
  [
    "one that is read elsewhere",
    [
      [1, 3, 6, 5],
      [2, 3, 1, 1],
      [5, 3, 3, 3],
    ],
    (x, a, b) => {
      const part = conv2d(x, a);
      return [concatenate([part, conv2d(x, b, { padding: 1 })], 1), part];
    },
    false,
  ],
  [
    "one with a residual",
    [
      [1, 6, 7, 7],
      [6, 6, 1, 1],
      [6, 6, 3, 3],
    ],
    (x, a, b) => {
      const y = conv2d(x, b, { padding: 1 });
      return [concatenate([add(conv2d(y, a), y), conv2d(y, b, { padding: 1 })], 1)];
    },
    false,
  ],
];

test.runIf(testsNative).each(cases)("%s", async (_, shapes, run, isJoined) => {
  // A last convolution keeps what is joined inside the program.
  const inside = (x: Tensor, ...rest: Tensor[]): Tensor[] =>
    run(x, ...rest).map((y) => conv2d(y, floats([4, y.shape[1], 2, 2], 9)));
  const native = watched((await openNative()) as Backend);
  const ours = await resultsOn(native.backend, inside, () => shapes.map(floats));
  expectClose(ours, await resultsOn(openCpu() as Backend, inside, () => shapes.map(floats)), 3e-5);
  const ops = native.claims().map(({ op }) => op);
  expect(ops.includes("joinedConvolutions")).toBe(isJoined);
  expect(ops.includes("concatenate")).toBe(!isJoined);
});
