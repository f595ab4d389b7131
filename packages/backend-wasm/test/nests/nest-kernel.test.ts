/** Nests large enough to be spread over threads, split in pieces and walked in tiles. */
import { Random } from "@sconce/conformance";
import { type Combine, type DType, type Instruction, type LoopNest, sizeOf, stridesOf } from "@sconce/core";
import * as fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { closeAll, expectReference, randomInputs, run, ways } from "./run-nest.ts";

afterAll(closeAll);

/** How a load's array lies: its axes are the nest's loops in another order, and it may lack some. */
interface Layout {
  readonly order: readonly number[];
  readonly lacks: number;
}

/** A load over `extents`, and how many elements its input needs. */
function laidOut(
  extents: readonly number[],
  { order, lacks }: Layout,
  input: number,
  dtype: DType,
): { load: Instruction; length: number } {
  const axes = [...extents.keys()].sort((a, b) => order[a % order.length] - order[b % order.length] || a - b);
  const kept = axes.filter((axis) => axis !== lacks);
  const own = stridesOf(kept.map((axis) => extents[axis]));
  const strides = extents.map((_, loop) => (kept.includes(loop) ? own[kept.indexOf(loop)] : 0));
  return {
    load: { kind: "load", input, dtype, access: { kind: "affine", offset: 0, strides } },
    length: sizeOf(kept.map((axis) => extents[axis])),
  };
}

const layouts: fc.Arbitrary<Layout> = fc.record({
  order: fc.array(fc.nat(9), { minLength: 4, maxLength: 4 }),
  lacks: fc.integer({ min: -3, max: 3 }),
});
const extent = fc.oneof(fc.constantFrom(1, 3, 5, 7, 13, 17, 64, 128), fc.integer({ min: 1, max: 70 }));
const dtype = fc.constantFrom<DType>("float32", "float32", "float32", "float64", "float16", "int32", "uint8", "bool");

/** Up to four extents with at most about 150 thousand elements in all. */
function extents(least: number): fc.Arbitrary<number[]> {
  return fc.array(extent, { minLength: least, maxLength: 4 }).map((list) => {
    const all = [...list];
    while (sizeOf(all) > 150000) all[all.indexOf(Math.max(...all))] = 9;
    return all;
  });
}

describe("nests without a reduction", () => {
  it("give the reference's results in every layout", async () => {
    await fc.assert(
      fc.asyncProperty(extents(1), layouts, layouts, dtype, fc.nat(), async (shape, first, second, kind, seed) => {
        const loads = [laidOut(shape, first, 0, kind), laidOut(shape, second, 1, kind)];
        const operator = kind === "bool" ? "maximum" : "add";
        const nest: LoopNest = {
          shape,
          inputs: [kind, kind],
          body: [
            ...loads.map(({ load }) => load),
            { kind: "apply", operator, dtype: kind, operands: [0, 1] },
            { kind: "apply", operator: "maximum", dtype: kind, operands: [2, 1] },
            { kind: "index", axis: shape.length - 1 },
            { kind: "index", axis: 0 },
            { kind: "apply", operator: "subtract", dtype: "int32", operands: [4, 5] },
          ],
          epilogue: [],
          stores: [
            { value: 3, dtype: kind },
            { value: 2, dtype: kind },
            { value: 6, dtype: "int32" },
          ],
        };
        await expectReference(
          nest,
          randomInputs(
            nest,
            loads.map(({ length }) => length),
            seed,
          ),
        );
      }),
      { numRuns: 40 },
    );
  });

  it.each<[readonly number[], readonly number[], number]>([
    [[128, 256], [1, 128], 0],
    [[131, 128], [1, 131], 0],
    [[6, 70, 128], [8960, 1, 70], 0],
    [[127, 33], [1, 127], 0],
    [[50, 301], [602, 2], 3],
    [[50, 301], [-301, -1], 15049],
    [[7, 1000], [-3000, 3], 18000],
    [[20011], [2], 0],
  ])("read %j with strides %j", async (shape, strides, offset) => {
    await fc.assert(
      fc.asyncProperty(dtype, fc.nat(), async (kind, seed) => {
        const last = shape.length - 1;
        const nest: LoopNest = {
          shape,
          inputs: [kind],
          body: [
            { kind: "load", input: 0, dtype: kind, access: { kind: "affine", offset, strides } },
            { kind: "index", axis: last },
            { kind: "index", axis: 0 },
            { kind: "apply", operator: "bitwiseXor", dtype: "int32", operands: [1, 2] },
          ],
          epilogue: [],
          stores: [
            { value: 0, dtype: kind },
            { value: 3, dtype: "int32" },
          ],
        };
        const furthest = strides.reduce((sum, stride, loop) => sum + Math.max(0, stride) * (shape[loop] - 1), offset);
        await expectReference(nest, randomInputs(nest, [furthest + 1], seed));
      }),
      { numRuns: 4 },
    );
  });

  it("may store over what they read", async () => {
    const size = 70001;
    const at = (input: number): Instruction => ({
      kind: "load",
      input,
      dtype: "float32",
      access: { kind: "affine", offset: 0, strides: [1] },
    });
    const nest: LoopNest = {
      shape: [size],
      inputs: ["float32", "float32"],
      body: [
        at(0),
        at(1),
        { kind: "apply", operator: "subtract", dtype: "float32", operands: [0, 1] },
        { kind: "apply", operator: "maximum", dtype: "float32", operands: [0, 1] },
      ],
      epilogue: [],
      stores: [
        { value: 2, dtype: "float32" },
        { value: 3, dtype: "float32" },
      ],
    };
    const inputs = randomInputs(nest, [size, size], 5);
    for (const backend of ways) {
      expect(await run(backend, nest, inputs, [1, 0])).toEqual(await run(backend, nest, inputs));
    }
  });
});

describe("reductions", () => {
  const combines = fc.constantFrom<Combine>("sum", "max", "min");

  it("give the reference's results over any loops in any layout", async () => {
    await fc.assert(
      fc.asyncProperty(
        extents(2),
        fc.nat(3),
        layouts,
        layouts,
        dtype,
        combines,
        fc.nat(),
        async (all, cut, first, second, kind, combine, seed) => {
          const outer = cut % all.length;
          const shape = all.slice(0, outer);
          const loads = [laidOut(all, first, 0, kind), laidOut(all, second, 1, kind)];
          const kept = combine === "sum" && kind === "bool" ? "max" : combine;
          const nest: LoopNest = {
            shape,
            reduce: {
              extent: all.slice(outer),
              accumulators: [
                { value: 2, combine: kept, dtype: kind },
                { value: 1, combine: "max", dtype: kind },
              ],
            },
            inputs: [kind, kind],
            body: [
              ...loads.map(({ load }) => load),
              { kind: "apply", operator: "minimum", dtype: kind, operands: [0, 1] },
            ],
            epilogue: [
              { kind: "accumulator", index: 0 },
              { kind: "accumulator", index: 1 },
              { kind: "apply", operator: "maximum", dtype: kind, operands: [0, 1] },
            ],
            stores: [
              { value: 0, dtype: kind },
              { value: 2, dtype: kind },
            ],
          };
          await expectReference(
            nest,
            randomInputs(
              nest,
              loads.map(({ length }) => length),
              seed,
            ),
            400,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([[[]], [[1]], [[0]], [[2, 1, 0]], [[1, 2]]])("of a large result over %j", async (extent) => {
    const shape = [48, 700, 9];
    const strides = [...stridesOf(shape), ...extent.map(() => 0)];
    const nest: LoopNest = {
      shape,
      reduce: { extent, accumulators: [{ value: 0, combine: "sum", dtype: "float32" }] },
      inputs: ["float32"],
      body: [{ kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides } }],
      epilogue: [{ kind: "accumulator", index: 0 }],
      stores: [{ value: 0, dtype: "float32" }],
    };
    await expectReference(nest, randomInputs(nest, [sizeOf(shape)], 1));
  });

  it.each([
    [[], [1000003], [1]],
    [[3], [1000003], [0, 1]],
    [[1000], [1003], [1, 1000]],
    [[4], [250001], [1, 4]],
    [[2], [500, 1001], [500500, 1001, 1]],
  ])("of many positive numbers stay close to the exact sum: %j over %j", async (shape, extent, strides) => {
    const nest: LoopNest = {
      shape,
      reduce: { extent, accumulators: [{ value: 0, combine: "sum", dtype: "float32" }] },
      inputs: ["float32"],
      body: [{ kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides } }],
      epilogue: [{ kind: "accumulator", index: 0 }],
      stores: [{ value: 0, dtype: "float32" }],
    };
    const all = [...shape, ...extent];
    const random = new Random(3);
    const length = 1 + strides.reduce((sum, stride, loop) => sum + stride * (all[loop] - 1), 0);
    const data = Float32Array.from({ length }, () => random.uniform(0, 1));
    const exact = new Float64Array(sizeOf(shape));
    const reduced = sizeOf(extent);
    exact.forEach((_, at) => {
      for (let r = 0; r < reduced; r++) {
        const inner =
          extent.length === 2
            ? Math.floor(r / extent[1]) * strides[shape.length] + (r % extent[1])
            : r * strides[shape.length];
        exact[at] += data[(shape.length ? at * strides[0] : 0) + inner];
      }
    });
    const results = await Promise.all(ways.map((backend) => run(backend, nest, [data])));
    for (const [values] of results) {
      for (const [i, value] of values.entries()) expect(Math.abs(value / exact[i] - 1)).toBeLessThan(1e-5);
    }
    expect(results[1]).toEqual(results[0]);
  });
});
