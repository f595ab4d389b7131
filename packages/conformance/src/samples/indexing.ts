/** Reading and adding at positions; some repeat, and some lie outside. */
import { embedding, gather, indexSelect, max, product, scatterAdd, sum, type Tensor, vjp } from "@sconce/core";
import * as fc from "fast-check";
import { batches, extents, type OpSamples, opSamples, smallExtents } from "./op-sample.ts";

const axes = fc.record({
  before: fc.array(smallExtents, { maxLength: 1 }),
  extent: extents.filter((extent) => extent > 0),
  after: fc.array(smallExtents, { maxLength: 2 }),
  count: extents,
});

const scattered = opSamples("scatterAdd", axes, ({ before, extent, after, count }) => {
  const updates = [...before, count, ...after];
  return {
    shapes: [[...before, extent, ...after], updates],
    positions: [{ shape: updates, extent }],
    build: ([x, update, positions]) => scatterAdd(x, positions, update, before.length),
  };
});

const gathered = opSamples("gather", axes, ({ before, extent, after, count }) => ({
  shapes: [[...before, extent, ...after]],
  positions: [{ shape: [...before, count, ...after], extent }],
  build: ([x, positions]) => gather(x, positions, before.length),
}));

const taken = opSamples("take", axes, ({ before, extent, after, count }) => ({
  shapes: [[...before, extent, ...after]],
  positions: [{ shape: [count], extent }],
  build: ([x, positions]) => indexSelect(x, positions, before.length),
}));

const takenBack = opSamples(
  "takeAdd",
  fc.record({ rows: extents.filter((extent) => extent > 0), width: smallExtents, tokens: fc.tuple(batches, extents) }),
  ({ rows, width, tokens }) => ({
    shapes: [
      [rows, width],
      [...tokens, width],
    ],
    positions: [{ shape: tokens, extent: rows }],
    build: ([weight, cotangent, positions]) => vjp(embedding(weight, positions), weight, cotangent),
  }),
);

/** A reduction over some axes, neighbours or not. */
function reduction(op: string, fn: (x: Tensor, options: { axes: number[] }) => Tensor): OpSamples {
  return opSamples(
    op,
    fc.array(
      fc.tuple(
        extents.filter((extent) => extent < 10 && extent > 0),
        fc.boolean(),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    (description) => ({
      shapes: [description.map(([extent]) => extent)],
      build: ([x]) => fn(x, { axes: description.flatMap(([, reduced], axis) => (reduced ? [axis] : [])) }),
    }),
  );
}

export const indexingSamples: readonly OpSamples[] = [
  scattered,
  gathered,
  taken,
  takenBack,
  reduction("sum", sum),
  reduction("max", max),
  reduction("product", product),
];
