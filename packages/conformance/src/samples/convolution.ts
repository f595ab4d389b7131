/** Convolution and its two gradients, over 1 to 3 axes: stride, uneven padding, dilation, groups, empty batches. */
import {
  apply,
  type ConvolutionAttributes,
  convolutionInputGradientOp,
  convolutionOp,
  convolutionWeightGradientOp,
  sizeOf,
} from "@sconce/core";
import * as fc from "fast-check";
import { batches, type OpSamples, opSamples } from "./op-sample.ts";

const channels = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom(8, 9, 16, 17) },
);

const axis = fc.record({
  size: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }) },
    { weight: 1, arbitrary: fc.constantFrom(16, 19) },
  ),
  kernel: fc.integer({ min: 1, max: 4 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 3 }) },
  ),
  before: fc.integer({ min: 0, max: 3 }),
  after: fc.integer({ min: 0, max: 3 }),
});

const description = fc.record({
  batch: batches,
  groups: fc.oneof({ weight: 2, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 6 }) }),
  inPerGroup: channels,
  outPerGroup: channels,
  axes: fc.oneof(
    { weight: 1, arbitrary: fc.array(axis, { minLength: 1, maxLength: 1 }) },
    { weight: 3, arbitrary: fc.array(axis, { minLength: 2, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.array(axis, { minLength: 3, maxLength: 3 }) },
  ),
});

type Description = typeof description extends fc.Arbitrary<infer D> ? D : never;

interface Geometry {
  readonly x: number[];
  readonly weight: number[];
  readonly y: number[];
  readonly attributes: ConvolutionAttributes;
}

function geometryOf({ batch, groups, inPerGroup, outPerGroup, axes }: Description): Geometry {
  const kernel = axes.map((a) => a.kernel);
  const spatial = axes.map((a) => Math.max(a.size, (a.kernel - 1) * a.dilation + 1 - a.before - a.after));
  const counts = axes.map(
    (a, i) => Math.floor((spatial[i] + a.before + a.after - (a.kernel - 1) * a.dilation - 1) / a.stride) + 1,
  );
  // Many channels over a large volume take too long as loop nests.
  const [input, output] =
    sizeOf(counts) * sizeOf(kernel) * inPerGroup * outPerGroup * groups > 40_000 ? [2, 3] : [inPerGroup, outPerGroup];
  return {
    x: [batch, groups * input, ...spatial],
    weight: [groups * output, input, ...kernel],
    y: [batch, groups * output, ...counts],
    attributes: {
      stride: axes.map((a) => a.stride),
      padding: axes.map((a) => [a.before, a.after] as const),
      dilation: axes.map((a) => a.dilation),
      groups,
    },
  };
}

export const convolutionSamples: readonly OpSamples[] = [
  opSamples("convolution", description, (drawn) => {
    const { x, weight, attributes } = geometryOf(drawn);
    return { shapes: [x, weight], build: (inputs) => apply(convolutionOp, inputs, attributes) };
  }),
  opSamples("convolutionInputGradient", description, (drawn) => {
    const { x, weight, y, attributes } = geometryOf(drawn);
    const all = { ...attributes, spatial: x.slice(2) };
    return { shapes: [y, weight], build: (inputs) => apply(convolutionInputGradientOp, inputs, all) };
  }),
  opSamples("convolutionWeightGradient", description, (drawn) => {
    const { x, weight, y, attributes } = geometryOf(drawn);
    const all = { ...attributes, kernel: weight.slice(2) };
    return { shapes: [x, y], build: (inputs) => apply(convolutionWeightGradientOp, inputs, all) };
  }),
];
