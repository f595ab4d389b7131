/** Matrix products: batched, broadcasting, transposed, empty, and past the edges of blocks. */
import { matmul } from "@sconce/core";
import * as fc from "fast-check";
import { batches, extents, type OpSamples, opSamples } from "./op-sample.ts";

const operand = fc.record({
  transposed: fc.boolean(),
  /** How many leading batch axes it has; the others broadcast. */
  axes: fc.nat(2),
  /** Which of its batch axes are 1. */
  single: fc.tuple(fc.boolean(), fc.boolean()),
});

export const matmulSamples: OpSamples = opSamples(
  "matmul",
  fc.record({
    batch: fc.tuple(batches, batches),
    rows: extents,
    columns: extents,
    inner: extents,
    a: operand,
    b: operand,
  }),
  ({ batch, rows, columns, inner, a, b }) => {
    // Large matrices come one at a time.
    const lead = rows * columns * inner > 5000 ? [1, 1] : batch;
    const shapeOf = ({ transposed, axes, single }: typeof a, height: number, width: number): number[] => [
      ...lead.map((extent, axis) => (single[axis] ? 1 : extent)).slice(2 - axes),
      ...(transposed ? [width, height] : [height, width]),
    ];
    return {
      shapes: [shapeOf(a, rows, inner), shapeOf(b, inner, columns)],
      build: ([x, y]) => matmul(x, y, { transposeA: a.transposed, transposeB: b.transposed }),
    };
  },
);
