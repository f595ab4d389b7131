/** Activations after a convolution run inside its kernel, however they are written, unless the program trains. */
import { openCpu } from "@sconce/backend-cpu";
import { openNative } from "@sconce/backend-native";
import {
  add,
  type Backend,
  clamp,
  compile,
  conv2d,
  exp,
  greater,
  less,
  lessEqual,
  maximum,
  minimum,
  multiply,
  type OpRequest,
  relu,
  square,
  subtract,
  type Tensor,
  tanh,
  tensor,
  Variable,
  where,
  withBackend,
} from "@sconce/core";
import { expect, test } from "vitest";
import { testsNative } from "../../../../tools/native-addon.ts";
import { describePostOperations } from "../../src/claims/post-operations.ts";
import type { LaidOutRequest } from "../../src/optimize/orders.ts";
import { expectClose, resultsOn } from "../support/compiled.ts";

const floats = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i * 1.7) * 2),
    { shape },
  );

type Activation = (x: Tensor) => Tensor;

const leaky: Activation = (x) => where(greater(x, 0), x, multiply(x, 0.1));

/** The steps of the chain that stands for it, where it is one. */
const activations: readonly (readonly [title: string, Activation, steps: number | undefined])[] = [
  ["relu", relu, 1],
  ["relu6", (x) => where(less(x, 6), relu(x), 6), 1],
  ["relu6 by limits", (x) => minimum(maximum(x, 0), 6), 1],
  ["clamp", (x) => clamp(x, -1, 2.5), 1],
  ["clamp from above", (x) => clamp(x, Number.NEGATIVE_INFINITY, 2.5), 1],
  ["leaky", leaky, 1],
  ["leaky, written the other way round", (x) => where(lessEqual(x, 0), multiply(x, 0.1), x), 1],
  ["leaky, with the constant first", (x) => where(less(0, x), x, multiply(x, 0.1)), 1],
  ["relu6 of a sum", (x) => where(less(add(x, 3), 6), relu(add(x, 3)), 6), 2],
  ["limits that jump", (x) => where(less(x, 6), minimum(x, 3), 6), undefined],
  ["leaky at another place", (x) => where(greater(x, 1), x, multiply(x, 0.1)), undefined],
  ["a choice by another value", (x) => where(greater(add(x, 1), 0), x, 0), undefined],
  ["hard swish", (x) => multiply(x, relu(add(x, 3))), undefined],
];

/** How many steps the epilogues have that the addon takes while `work` runs. */
async function chainsOf(work: () => Promise<unknown>): Promise<readonly number[]> {
  const native = await openNative();
  const steps: number[] = [];
  const watched: Backend = {
    ...(native as Backend),
    claim: (request: OpRequest) => {
      // A request with a layout is one that came before.
      const isNew = request.epilogue !== undefined && (request as LaidOutRequest).layout === undefined;
      const chain = isNew ? describePostOperations(request) : undefined;
      if (chain) steps.push(chain[0]);
      return native.claim?.(request);
    },
  };
  try {
    await withBackend(watched, work);
  } finally {
    await native.close?.();
  }
  return steps;
}

test.runIf(testsNative).each(activations)("%s", async (_, activation, steps) => {
  const run = compile((x: Tensor, weight: Tensor) => [activation(conv2d(x, weight, { padding: 1 }))]);
  const result = async (): Promise<Float32Array> =>
    (await (await run(floats(2, 3, 9, 7), floats(8, 3, 3, 3)))[0].data()) as Float32Array;
  let ours: Float32Array = new Float32Array();
  const chains = await chainsOf(async () => {
    ours = await result();
  });
  const theirs = await withBackend(openCpu(), result);
  ours.forEach((value, i) => {
    expect(value).toBeCloseTo(theirs[i], 3);
  });
  expect(Math.max(...ours)).toBeGreaterThan(1);
  expect(chains).toEqual(steps === undefined ? [] : [steps]);
});

test.runIf(testsNative)("not in training, where NaN must not become a number", async () => {
  const chains = await chainsOf(async () => {
    const weight = new Variable({ shape: [8, 3, 3, 3], dtype: "float32" }, floats(8, 3, 3, 3));
    const step = compile((x: Tensor) => {
      const y = clamp(conv2d(x, weight.value, { padding: 1 }), -1, 6);
      weight.assign(multiply(weight.value, 0.5));
      return [y];
    });
    await (await step(floats(2, 3, 9, 7)))[0].data();
  });
  expect(chains).toEqual([]);
});

const withOperands: readonly (readonly [title: string, (x: Tensor, elements: Tensor, channels: Tensor) => Tensor])[] = [
  ["add", add],
  ["multiply, then a channel's shift", (x, elements, channels) => add(multiply(x, elements), channels)],
  ["subtract", (x, elements) => subtract(x, elements)],
  ["subtract from", (x, elements) => subtract(elements, x)],
  ["maximum and minimum", (x, elements, channels) => minimum(maximum(x, elements), channels)],
  ["a leaky sum", (x, elements) => leaky(add(x, elements))],
  ["functions of a sum", (x, elements) => exp(tanh(clamp(add(x, elements), -1, 6)))],
  ["the square of a sum", (x, elements) => square(add(x, elements))],
];

/** oneDNN reads such operands wrong below AVX2: they are for our own loops there. */
test.runIf(testsNative).each(withOperands)("operands of every element, few channels: %s", async (_, activation) => {
  for (const [channels, groups] of [
    [6, 1],
    [6, 2],
    [3, 1],
    [12, 3],
  ]) {
    const inputs = (): Tensor[] => [
      floats(2, 4, 9, 7),
      floats(channels, 4, 3, 3),
      floats(channels, channels / groups, 1, 1),
      floats(channels, 1, 1),
    ];
    // All of it lies channels-last, between convolutions.
    const run = (x: Tensor, first: Tensor, second: Tensor, shift: Tensor): Tensor[] => {
      const elements = conv2d(x, first, { padding: 1 });
      const y = activation(conv2d(elements, second, { groups }), elements, shift);
      return [conv2d(y, floats(16, channels, 1, 1))];
    };
    const ours = await resultsOn((await openNative()) as Backend, run, inputs);
    expectClose(ours, await resultsOn(openCpu() as Backend, run, inputs), 1e-4);
  }
});
