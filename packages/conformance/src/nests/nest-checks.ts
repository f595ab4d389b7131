/** Loop nests: random ones as a whole, and each of their features on its own, so that a failure names its cause. */
import { type Backend, type Combine, type DType, dtypes, type Instruction, isFloat, type LoopNest } from "@sconce/core";
import * as fc from "fast-check";
import { type BackendCheck, type CheckOptions, requireDType } from "../check.ts";
import { Random } from "../random.ts";
import { buildCase } from "./build-case.ts";
import { compareNest, type NestCase } from "./compare-nest.ts";
import { type NestDescription, nestDescriptions } from "./nest-description.ts";

/** Random nests, with some part of their description fixed. */
async function compareRandom(
  backend: Backend,
  { runs, seed }: CheckOptions,
  change: (description: NestDescription) => Partial<NestDescription> = () => ({}),
): Promise<void> {
  const cases = nestDescriptions.map((description) => buildCase({ ...description, ...change(description) }, backend));
  await fc.assert(
    fc.asyncProperty(cases, (nestCase) => compareNest(backend, nestCase)),
    { numRuns: runs, ...(seed !== undefined && { seed }) },
  );
}

type Loads = NestDescription["bodyLoads"];

/** Descriptions whose loads are all of one kind. */
function only(kind: Loads[number]["kind"]): (description: NestDescription) => Partial<NestDescription> {
  const all = (loads: Loads): Loads => loads.map((load) => ({ ...load, kind }));
  return ({ bodyLoads, epilogueLoads }) => ({ bodyLoads: all(bodyLoads), epilogueLoads: all(epilogueLoads) });
}

const fewer = ({ runs, seed }: CheckOptions): CheckOptions => ({ runs: Math.ceil(runs / 4), seed });

/** Every accumulator kind of one dtype at once, over `extent` elements for each of 3 outputs. */
function accumulatorCase(dtype: DType, extent: readonly number[]): NestCase {
  const size = extent.reduce((a, b) => a * b, 1);
  const combines: readonly Combine[] = dtype === "bool" ? ["max", "min"] : ["sum", "product", "max", "min"];
  const strides = [size, ...extent.map((_, axis) => extent.slice(axis + 1).reduce((a, b) => a * b, 1))];
  const nest: LoopNest = {
    shape: [3],
    reduce: { extent, accumulators: combines.map((combine) => ({ value: 0, combine, dtype })) },
    inputs: [dtype],
    body: [{ kind: "load", input: 0, dtype, access: { kind: "affine", offset: 0, strides } }],
    epilogue: combines.map((_, index): Instruction => ({ kind: "accumulator", index })),
    stores: combines.map((_, value) => ({ value, dtype })),
  };
  const random = new Random(size);
  return {
    nest,
    inputs: [random.list(3 * size, () => (isFloat(dtype) ? random.uniform(0.8, 1.25) : random.element(dtype)))],
  };
}

export const nestChecks: readonly BackendCheck[] = [
  ...dtypes.map((dtype) => ({
    name: `accumulators of ${dtype}, over 0 to 300 elements`,
    run: async (backend: Backend) => {
      requireDType(backend, dtype);
      for (const extent of [[], [1], [0], [7], [2, 0], [3, 5], [4, 3, 5], [300]]) {
        const nestCase = accumulatorCase(dtype, extent);
        const combines = nestCase.nest.stores.slice(0, backend.capabilities.maximumOutputs);
        await compareNest(backend, { ...nestCase, nest: { ...nestCase.nest, stores: combines } });
      }
    },
  })),
  {
    name: "a NaN passes through sums, products, maxima and minima",
    run: async (backend) => {
      const { nest, inputs } = accumulatorCase("float32", [9]);
      for (const place of [0, 13, 26]) {
        const values = [...inputs[0]];
        values[place] = Number.NaN;
        for (const store of nest.stores)
          await compareNest(backend, { nest: { ...nest, stores: [store] }, inputs: [values] });
      }
    },
  },
  {
    name: "infinities pass through maxima and minima",
    run: async (backend) => {
      const { nest, inputs } = accumulatorCase("float32", [9]);
      for (const extreme of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const values = inputs[0].map((value, i) => (i >= 9 || i % 3 === 0 ? extreme : value));
        for (const store of nest.stores.slice(2)) {
          await compareNest(backend, { nest: { ...nest, stores: [store] }, inputs: [values] }, { overflows: false });
        }
      }
    },
  },
  {
    name: "random nests with affine loads (negative and zero strides, empty and single loops)",
    run: (backend, options) => compareRandom(backend, fewer(options), only("affine")),
  },
  {
    name: "random nests with guarded loads, out of range where the guard is false",
    run: (backend, options) => compareRandom(backend, fewer(options), only("guarded")),
  },
  {
    name: "random nests with computed loads",
    run: (backend, options) => compareRandom(backend, fewer(options), only("computed")),
  },
  {
    name: "random nests with guarded computed loads",
    run: (backend, options) => compareRandom(backend, fewer(options), only("gathered")),
  },
  {
    name: "random nests without a reduction",
    run: (backend, options) => compareRandom(backend, fewer(options), () => ({ reduce: undefined })),
  },
  {
    name: "random reductions with several accumulators, an epilogue and several stores",
    run: (backend, options) => compareRandom(backend, fewer(options), ({ reduce }) => ({ reduce: reduce ?? [3] })),
  },
  {
    name: "random nests",
    run: (backend, options) => compareRandom(backend, { ...options, runs: 2 * options.runs }),
  },
];
