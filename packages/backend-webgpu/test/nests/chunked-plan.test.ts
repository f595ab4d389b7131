/** Nests over buffers that are larger than what can be bound at once, against the same nests on whole buffers. */
import { type DType, type Instruction, type LoopNest, sizeOf, stridesOf } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openForTests, type TestBackend } from "../device.ts";
import { runNest } from "../run-nest.ts";

const whole = (await openForTests()) as TestBackend;
/** Binds no more than this, as a device with small limits. */
const bytes = 16_384;
const narrow = (await openForTests({ maximumBindingSize: bytes })) as TestBackend;
afterAll(() => Promise.all([whole?.close?.(), narrow?.close?.()]));

type Affine = Extract<Instruction, { kind: "load" }>;

const load = (input: number, dtype: DType, strides: readonly number[], offset = 0): Affine => ({
  kind: "load",
  input,
  dtype,
  access: { kind: "affine", offset, strides },
});

/** x plus the position along the first axis, plus a value per column; also whether x is above 50. */
function mapNest(shape: readonly number[], dtype: DType, flipped: boolean): LoopNest {
  const own = stridesOf(shape);
  const strides = flipped ? [-own[0], ...own.slice(1)] : own;
  return {
    shape,
    inputs: [dtype, dtype],
    body: [
      load(0, dtype, strides, flipped ? own[0] * (shape[0] - 1) : 0),
      load(1, dtype, [0, ...own.slice(1)]),
      { kind: "index", axis: 0 },
      { kind: "apply", operator: "cast", dtype, operands: [2] },
      { kind: "apply", operator: "add", dtype, operands: [0, 1] },
      { kind: "apply", operator: "add", dtype, operands: [4, 3] },
      { kind: "constant", dtype, value: 50 },
      { kind: "apply", operator: "greater", dtype: "bool", operands: [0, 6] },
    ],
    epilogue: [],
    stores: [
      { value: 5, dtype },
      { value: 7, dtype: "bool" },
    ],
  };
}

/** The sum and the largest of x [batch, channels, places] per channel, plus an addend per channel. */
function channelNest(batch: number, channels: number, places: number, dtype: DType): LoopNest {
  return {
    shape: [channels],
    reduce: {
      extent: [batch, places],
      accumulators: [
        { value: 0, combine: "sum", dtype },
        { value: 0, combine: "max", dtype },
      ],
    },
    inputs: [dtype, dtype],
    body: [load(0, dtype, [places, channels * places, 1])],
    epilogue: [
      { kind: "accumulator", index: 0 },
      load(1, dtype, [1]),
      { kind: "apply", operator: "add", dtype, operands: [0, 1] },
      { kind: "accumulator", index: 1 },
    ],
    stores: [
      { value: 2, dtype },
      { value: 3, dtype },
    ],
  };
}

const someNumbers = (count: number): Float64Array => Float64Array.from({ length: count }, (_, i) => (i * 7919) % 101);

async function compare(
  nest: LoopNest,
  sizes: readonly number[],
  over?: readonly (number | undefined)[],
): Promise<void> {
  const inputs = sizes.map(someNumbers);
  const expected = await runNest(whole, nest, inputs, over);
  const actual = await runNest(narrow, nest, inputs, over);
  expect(actual.map((values) => Array.from(values))).toEqual(expected.map((values) => Array.from(values)));
}

const dtypes = fc.constantFrom<DType>("float32", "int32", "float16", "uint8");
const someRuns = { numRuns: 4, endOnFailure: true };

describe.skipIf(!whole)("large buffers", () => {
  it("are bound in parts along the outermost loop", async () => {
    const shapes = fc.tuple(fc.integer({ min: 1000, max: 9000 }), fc.integer({ min: 1, max: 4 }));
    await fc.assert(
      fc.asyncProperty(shapes, dtypes, fc.boolean(), async (shape, dtype, flipped) => {
        await compare(mapNest(shape, dtype, flipped), [sizeOf(shape), shape[1]]);
      }),
      someRuns,
    );
  });

  it("are written over, in parts", async () => {
    await compare(mapNest([5000, 2], "float32", false), [10_000, 2], [0, undefined]);
  });

  it("are bound in parts along a reduction, where their results read far apart", async () => {
    const sizes = fc.tuple(
      fc.integer({ min: 5, max: 12 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 30, max: 190 }),
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom<DType>("float32", "int32", "uint8"), async (extents, dtype) => {
        const [batch, channels, places] = extents;
        await compare(channelNest(batch, channels, places, dtype), [batch * channels * places, channels]);
      }),
      someRuns,
    );
  });

  it("are padded in parts: guarded reads may lie beyond their ends", async () => {
    const count = 10_000;
    const pad = 5000;
    const nest: LoopNest = {
      shape: [count + 2 * pad],
      inputs: ["float32"],
      body: [
        { kind: "index", axis: 0 },
        { kind: "constant", dtype: "int32", value: pad },
        { kind: "constant", dtype: "int32", value: count + pad },
        { kind: "apply", operator: "less", dtype: "bool", operands: [0, 2] },
        { kind: "apply", operator: "less", dtype: "bool", operands: [0, 1] },
        { kind: "apply", operator: "not", dtype: "bool", operands: [4] },
        { kind: "apply", operator: "and", dtype: "bool", operands: [3, 5] },
        { ...load(0, "float32", [1], -pad), guard: 6 },
      ],
      epilogue: [],
      stores: [{ value: 7, dtype: "float32" }],
    };
    await compare(nest, [count]);
  });

  it("at computed positions are refused, with the kernel's name", async () => {
    const nest: LoopNest = {
      shape: [4],
      inputs: ["int32", "float32"],
      body: [
        load(0, "int32", [1]),
        { kind: "load", input: 1, dtype: "float32", access: { kind: "computed", index: 0 } },
        { kind: "apply", operator: "exp", dtype: "float32", operands: [1] },
      ],
      epilogue: [],
      stores: [{ value: 2, dtype: "float32" }],
    };
    const run = (size: number): Promise<unknown> => runNest(narrow, nest, [[3, 1, 0, 2], someNumbers(size)]);
    await expect(run(4000)).resolves.toBeDefined();
    await expect(run(5000)).rejects.toThrow(
      /kernel exp_4 reads at computed positions of a buffer of 20000 bytes, but a kernel can bind only 16384/,
    );
  });

  it("that no cut makes small enough are refused when the kernel is compiled", () => {
    const nest: LoopNest = {
      shape: [2, 3],
      inputs: ["float32"],
      body: [load(0, "float32", [1, 5000])],
      epilogue: [],
      stores: [{ value: 0, dtype: "float32" }],
    };
    expect(() => narrow.compile(nest)).toThrow(
      /kernel copy_2x3 needs \d+ bytes of one operand at once, but a kernel can bind only 16384.*smaller batches/,
    );
  });
});
