/** Functions of a concatenation's elements run in the kernels that make its parts; and the result is the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  concatenate,
  conv2d,
  exp,
  matmul,
  multiply,
  type ProgramDraft,
  relu,
  type Tensor,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { moveBeforeConcatenation } from "../../src/optimize/before-concatenation.ts";
import { expectClose, resultsOn } from "../support/compiled.ts";
import { floats } from "../support/floats.ts";

const bias = [8, 1, 1];
const weight = [8, 4, 1, 1];
const wide = [6, 4, 3, 3];

/** The result from x, of shape [2, 4, 7, 5], and tensors of these shapes. */
type Case = readonly [
  title: string,
  shapes: readonly (readonly number[])[],
  run: (x: Tensor, ...rest: Tensor[]) => Tensor,
  moves: boolean,
];

const cases: readonly Case[] = [
  [
    "convolutions",
    [weight, wide],
    (x, a, b) => relu(concatenate([conv2d(x, a), conv2d(x, b, { padding: 1 })], 1)),
    true,
  ],
  [
    "one with a bias",
    [weight, bias, wide],
    (x, a, c, b) => relu(concatenate([add(conv2d(x, a), c), conv2d(x, b, { padding: 1 })], 1)),
    true,
  ],
  [
    "a longer function",
    [weight, weight],
    (x, a, b) => multiply(exp(concatenate([conv2d(x, a), conv2d(x, b)], 0)), 0.5),
    true,
  ],
  [
    "matrix products",
    [
      [5, 3],
      [5, 4],
    ],
    (x, a, b) => relu(concatenate([matmul(x, a), matmul(x, b)], 3)),
    true,
  ],
  ["a part that is given", [weight], (x, a) => relu(concatenate([conv2d(x, a), x], 1)), false],
  [
    "a part that is read elsewhere",
    [weight, weight],
    (x, a, b) => {
      const part = conv2d(x, a);
      return add(relu(concatenate([part, conv2d(x, b)], 1)), part.sum());
    },
    false,
  ],
  [
    "a function of the channel",
    [weight, weight, [16, 1, 1]],
    (x, a, b, c) => multiply(concatenate([conv2d(x, a), conv2d(x, b)], 1), c),
    false,
  ],
];

test.runIf(testsNative).each(cases)("%s", async (_, shapes, run, moves) => {
  const native = await openNative();
  let hasMoved = false;
  const watched: Backend = {
    ...(native as Backend),
    optimize: (draft: ProgramDraft, claim) => {
      hasMoved = moveBeforeConcatenation(draft).nodes.at(-1)?.name === "concatenate";
      return native.optimize!(draft, claim);
    },
  };
  const inputs = (): Tensor[] => [[2, 4, 7, 5], ...shapes].map(floats);
  const results = (x: Tensor, ...rest: Tensor[]): Tensor[] => [run(x, ...rest)];
  const ours = await resultsOn(watched, results, inputs);
  expectClose(ours, await resultsOn(openCpu() as Backend, results, inputs), 1e-5);
  expect(hasMoved).toBe(moves);
});
