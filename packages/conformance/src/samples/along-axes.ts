/** Ops that work along axes: softmax, normalization, concatenation, cumulative sums, sorting and searching. */
import {
  argmax,
  argmin,
  argsort,
  concatenate,
  cumulativeSum,
  groupNorm,
  layerNorm,
  logSoftmax,
  softmax,
  type Tensor,
} from "@sconce/core";
import * as fc from "fast-check";
import { batches, extents, type OpSamples, opSamples, smallExtents } from "./op-sample.ts";

const shapeAndAxis = fc.record({
  before: fc.array(batches, { maxLength: 2 }),
  extent: extents.filter((extent) => extent > 0),
  after: fc.array(smallExtents, { maxLength: 2 }),
});

/** Samples of a function of one tensor and an axis. */
function alongAxis(op: string, fn: (x: Tensor, axis: number) => Tensor): OpSamples {
  return opSamples(op, shapeAndAxis, ({ before, extent, after }) => ({
    shapes: [[...before, extent, ...after]],
    build: ([x]) => fn(x, before.length),
  }));
}

const normalization = opSamples(
  "normalization",
  fc.record({
    batch: batches,
    groups: smallExtents,
    perGroup: smallExtents,
    spatial: fc.array(smallExtents, { maxLength: 2 }),
    byGroup: fc.boolean(),
  }),
  ({ batch, groups, perGroup, spatial, byGroup }) => {
    // A variance needs more than one element.
    const inner = [...spatial, 3];
    const channels = groups * perGroup;
    const affine = byGroup ? [channels] : inner;
    return {
      shapes: [[batch, channels, ...inner], affine, affine],
      build: ([x, weight, bias]) =>
        byGroup
          ? groupNorm(x, groups, { weight, bias, epsilon: 1e-2 })
          : layerNorm(x, inner, { weight, bias, epsilon: 1e-2 }),
    };
  },
);

const concatenation = opSamples(
  "concatenate",
  fc.record({
    before: fc.array(batches, { maxLength: 2 }),
    parts: fc.array(extents, { minLength: 2, maxLength: 6 }),
    after: fc.array(smallExtents, { maxLength: 2 }),
  }),
  ({ before, parts, after }) => ({
    shapes: parts.map((extent) => [...before, extent, ...after]),
    build: (inputs) => concatenate(inputs, before.length),
  }),
);

const cumulative = opSamples(
  "cumulativeSum",
  fc.record({ where: shapeAndAxis, long: fc.constantFrom(0, 60, 200), reverse: fc.boolean(), exclusive: fc.boolean() }),
  ({ where: { before, extent, after }, long, reverse, exclusive }) => ({
    shapes: [[...before, extent + long, ...after]],
    build: ([x]) => cumulativeSum(x, before.length, { reverse, exclusive }),
  }),
);

export const axisSamples: readonly OpSamples[] = [
  alongAxis("softmax", softmax),
  alongAxis("logSoftmax", logSoftmax),
  alongAxis("argmax", (x, axis) => argmax(x, { axis })),
  alongAxis("argmin", (x, axis) => argmin(x, { axis, keepAxis: true })),
  alongAxis("argsort", (x, axis) => argsort(x, { axis, descending: x.size % 2 === 0 })),
  normalization,
  concatenation,
  cumulative,
];
