/** What is only asked for its sign is not stored where a rectifier's result tells it; and gradients are the same. */
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  batchNormTraining,
  conv2d,
  mean,
  multiply,
  relu,
  type Tensor,
  tensor,
  vjp,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { expectClose, resultsOn, watched } from "../support/compiled.ts";
import { floats } from "../support/floats.ts";

/** x, a weight for each of two convolutions, and a scale for each channel with a NaN. */
const inputs = (): Tensor[] => [
  floats([2, 8, 9, 7], 1),
  floats([12, 8, 3, 3], 2),
  floats([12, 8, 1, 1], 3),
  tensor(Float32Array.from({ length: 12 }, (_, channel) => (channel === 5 ? Number.NaN : 1 - channel / 4))),
];

const normalized = (x: Tensor, weight: Tensor): Tensor => batchNormTraining(x, { weight }).output;
/** A convolution that leaves channels apart, and a NaN in its own. */
const smooth = (y: Tensor): Tensor => conv2d(y, floats([12, 1, 3, 3], 9), { groups: 12 });

/** What is made of a sum and its rectifier, and whether the program still stores both. */
const cases: readonly (readonly [string, (sum: Tensor, y: Tensor) => readonly Tensor[], boolean])[] = [
  ["a sum that goes on rectified", (_, y) => [smooth(y)], false],
  ["a sum that a convolution reads", (sum, y) => [add(smooth(y), smooth(sum))], true],
  ["a sum that a nest reads", (sum, y) => [smooth(y), mean(multiply(sum, sum), { axes: [0, 2, 3] })], true],
  ["a sum that is given", (sum, y) => [smooth(y), sum], true],
];

test.runIf(testsNative).each(cases)("%s", async (_, after, stored) => {
  // The sum of a residual block's two ways, and the gradients.
  const run = (...given: Tensor[]): Tensor[] => {
    const [x, first, second, scale] = given;
    const sum = add(normalized(conv2d(x, first, { padding: 1 }), scale), normalized(conv2d(x, second), scale));
    const results = after(sum, relu(sum));
    return [...results, ...vjp(results[0], given, multiply(results[0], results[0]))];
  };
  const native = watched((await openNative()) as Backend);
  const ours = await resultsOn(native.backend, run, inputs);
  expectClose(ours, await resultsOn((await openNative({ claims: false })) as Backend, run, inputs), 1e-4);
  const storesBoth = native.nodes.some(({ work }) => {
    if (work.kind !== "nest" || work.nest.reduce) return false;
    const { body, stores } = work.nest;
    return stores.some(({ value }) => {
      const rectifier = body[value];
      if (rectifier.kind !== "apply" || rectifier.operator !== "maximum") return false;
      return stores.some((other) => rectifier.operands.includes(other.value));
    });
  });
  expect(storesBoth).toBe(stored);
});
