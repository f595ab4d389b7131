/** Random applications of one op: what claims are compared on. */
import { type DType, fromHost, type HostArray, type Shape, sizeOf, type Tensor } from "@sconce/core";
import * as fc from "fast-check";
import { Random } from "../random.ts";

/** One application: arrays, and the graph to build on them, in which the op occurs. */
export interface OpSample {
  readonly inputs: readonly HostArray[];
  build(inputs: Tensor[]): Tensor;
}

/** Random samples of the op with this name; `dtype` is what the floats in it have. */
export interface OpSamples {
  readonly op: string;
  samples(dtype: DType): fc.Arbitrary<OpSample>;
}

/** What a description stands for. */
export interface DescribedSample {
  /** Shapes of random floats, which come first. */
  readonly shapes: readonly Shape[];
  /** Positions along axes of these extents, int32; a few of them are just outside. */
  readonly positions?: readonly { readonly shape: Shape; readonly extent: number }[];
  build(inputs: Tensor[]): Tensor;
}

/** Samples made from descriptions, which fast-check draws, shrinks and prints. */
export function opSamples<Description>(
  op: string,
  descriptions: fc.Arbitrary<Description>,
  describe: (description: Description) => DescribedSample,
): OpSamples {
  return {
    op,
    samples: (dtype) =>
      fc.record({ description: descriptions, seed: fc.nat(999) }).map(({ description, seed }) => {
        const { shapes, positions = [], build } = describe(description);
        const random = new Random(seed);
        const inputs = shapes.map((shape) => random.array(shape, dtype));
        for (const { shape, extent } of positions) {
          const data = Int32Array.from(random.list(sizeOf(shape), () => random.integer(-1, extent)));
          inputs.push({ shape, dtype: "int32", data });
        }
        return { inputs, build, [fc.toStringMethod]: () => `${op} ${fc.stringify(description)}, seed ${seed}` };
      }),
  };
}

/** Fresh tensors of the inputs; a tensor that a backend has used stays there. */
export function tensorsOf(inputs: readonly HostArray[]): Tensor[] {
  return inputs.map((array) => fromHost({ ...array, data: array.data.slice() as HostArray["data"] }));
}

/** Extents that are mostly small, sometimes 0 or 1, and sometimes past the blocks of a fast kernel. */
export const extents: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constant(1) },
  { weight: 6, arbitrary: fc.integer({ min: 2, max: 7 }) },
  { weight: 3, arbitrary: fc.constantFrom(8, 9, 15, 16, 17, 31, 32, 33, 64, 70) },
);

/** Small extents, at least 1. */
export const smallExtents: fc.Arbitrary<number> = fc.integer({ min: 1, max: 6 });

/** Extents of a batch: seldom 0. */
export const batches: fc.Arbitrary<number> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 9, arbitrary: fc.integer({ min: 1, max: 3 }) },
);
