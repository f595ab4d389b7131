/** Sums of products over time, joined in two orders: parts are joined once, and the results stay the same. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import { add, type Backend, concatenate, matmul, multiply, relu, reshape, type Tensor } from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { shareConcatenations } from "../../src/optimize/shared-concatenations.ts";
import { expectClose, resultsOn } from "../support/compiled.ts";
import { floats } from "../support/floats.ts";

const steps = 5;
/** The factors of each step, made in the program itself. */
const made = (x: Tensor, y: Tensor): [Tensor[], Tensor[]] => [
  Array.from({ length: steps }, (_, t) => relu(multiply(x, t - 1))),
  Array.from({ length: steps }, (_, t) => add(y, t)),
];
const sumOf = (a: Tensor, b: Tensor): Tensor => matmul(a, b, { transposeA: true });

type Work = (x: Tensor, y: Tensor) => Tensor[];

/** Concatenations that are left. */
const cases: readonly (readonly [title: string, work: Work, left: number])[] = [
  [
    "the other order is read",
    (x, y) => {
      const [a, b] = made(x, y);
      const inTime = concatenate(a);
      return [multiply(inTime, 2), sumOf(concatenate([...a].reverse()), concatenate([...b].reverse()))];
    },
    2,
  ],
  [
    "a factor that is needed elsewhere stays",
    (x, y) => {
      const [a, b] = made(x, y);
      const joined = concatenate([...b].reverse());
      return [multiply(concatenate(a), 2), sumOf(concatenate([...a].reverse()), joined), multiply(joined, 2)];
    },
    3,
  ],
  [
    "other parts stay",
    (x, y) => {
      const [a, b] = made(x, y);
      const others = [...a.slice(1).reverse(), x];
      return [multiply(concatenate(a), 2), sumOf(concatenate(others), concatenate([...b].reverse()))];
    },
    3,
  ],
  [
    "parts that are not whole rows stay",
    (x, y) => {
      const [a, b] = made(x, y);
      const flat = (parts: readonly Tensor[]): Tensor => reshape(concatenate(parts), [4, -1]);
      return [multiply(concatenate(a), 2), sumOf(flat([...a].reverse()), flat([...b].reverse()))];
    },
    3,
  ],
];

test.runIf(testsNative).each(cases)("%s", async (_, work, expected) => {
  const inputs = (): Tensor[] => [floats([4, 12], 1), floats([4, 8], 2)];
  const native = (await openNative()) as Backend;
  let left = 0;
  const optimize: Backend["optimize"] = (draft, claim) => {
    const { nodes } = shareConcatenations(draft, claim);
    left = nodes.filter(({ work }) => work.kind === "claim" && work.request.op === "concatenate").length;
    return native.optimize?.(draft, claim) ?? draft;
  };
  const ours = await resultsOn({ ...native, optimize }, work, inputs);
  expectClose(ours, await resultsOn(openCpu() as Backend, work, inputs), 1e-4);
  expect(left).toBe(expected);
});
