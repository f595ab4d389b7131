/** Nests of the sizes at which the plan changes: vectors, packed words, workgroups, pieces, grids of two dimensions. */
import {
  type Combine,
  compile,
  type DType,
  explain,
  type Instruction,
  type LoopNest,
  sizeOf,
  stridesOf,
  type Tensor,
  tensor,
  withBackend,
} from "@sconce/core";
import { afterAll, describe, expect, it } from "vitest";
import { nothingShared } from "../../src/kernels/pass.ts";
import { nestPlan } from "../../src/nests/nest-plan.ts";
import { openForTests, type TestBackend } from "../device.ts";
import { runNest } from "../run-nest.ts";

const backend = (await openForTests()) as TestBackend;
afterAll(() => backend?.close?.());

const load = (input: number, dtype: DType, strides: readonly number[]): Instruction => ({
  kind: "load",
  input,
  dtype,
  access: { kind: "affine", offset: 0, strides },
});

/** y = x + x and z = x > 3, in one pass. */
function mapNest(count: number, dtype: DType, second: DType = "bool"): LoopNest {
  return {
    shape: [count],
    inputs: [dtype],
    body: [
      load(0, dtype, [1]),
      { kind: "apply", operator: "add", dtype, operands: [0, 0] },
      { kind: "constant", dtype, value: 3 },
      { kind: "apply", operator: "greater", dtype: "bool", operands: [0, 2] },
      { kind: "apply", operator: "cast", dtype: second, operands: [3] },
    ],
    epilogue: [],
    stores: [
      { value: 1, dtype },
      { value: second === "bool" ? 3 : 4, dtype: second },
    ],
  };
}

/** The sum, largest or other total of an input over its last or first axis, plus 1. */
function reduceNest(outputs: number, turns: number, combine: Combine, dtype: DType, first = false): LoopNest {
  const strides = first ? [1, outputs] : [turns, 1];
  return {
    shape: [outputs],
    reduce: { extent: [turns], accumulators: [{ value: 0, combine, dtype }] },
    inputs: [dtype],
    body: [load(0, dtype, strides)],
    epilogue: [
      { kind: "accumulator", index: 0 },
      { kind: "constant", dtype, value: 1 },
      ...(dtype === "bool"
        ? []
        : [{ kind: "apply", operator: "add", dtype, operands: [0, 1] } as const satisfies Instruction]),
    ],
    stores: [{ value: dtype === "bool" ? 0 : 2, dtype }],
  };
}

describe.skipIf(!backend)("nests", () => {
  it.each([
    [20_000, "float32", "int32"],
    [20_003, "float32", "bool"],
    [20_000, "int32", "bool"],
    [20_001, "float16", "uint8"],
    [7, "uint8", "bool"],
    [20_002, "uint8", "float16"],
  ] as const)("maps %i elements of %s, also to %s", async (count, dtype, second) => {
    const x = Float64Array.from({ length: count }, (_, i) => i % 100);
    const [doubled, greater] = await runNest(backend, mapNest(count, dtype, second), [x]);
    expect(Array.from(doubled)).toEqual(Array.from(x, (value) => 2 * value));
    expect(Array.from(greater)).toEqual(Array.from(x, (value) => Number(value > 3)));
  });

  it.each([
    [20_000, "float32", "float32"],
    [20_000, "float32", "int32"],
    [50, "int32", "float32"],
    [20_003, "uint8", "bool"],
    [20_001, "float16", "float16"],
  ] as const)("writes %i elements over the input, of %s by %s", async (count, dtype, second) => {
    const x = Float64Array.from({ length: count }, (_, i) => i % 100);
    const [doubled, greater] = await runNest(backend, mapNest(count, dtype, second), [x], [undefined, 0]);
    expect(Array.from(doubled)).toEqual(Array.from(x, (value) => 2 * value));
    expect(Array.from(greater)).toEqual(Array.from(x, (value) => Number(value > 3)));
  });

  it("are reduced by one workgroup each where totals of pieces cannot be bound as well", () => {
    const { passes, temporaries } = nestPlan(reduceNest(1, 100_000, "sum", "float32"), 1);
    expect(passes.map(({ groups, source }) => [groups, source(nothingShared).includes("workgroupBarrier")])).toEqual([
      [[1, 1, 1], true],
    ]);
    expect(temporaries).toEqual([]);
  });

  it.each([
    [1, 100_000, "sum", "float32", false, 2],
    [3, 40_000, "max", "float32", false, 2],
    [100, 1000, "sum", "float32", false, 1],
    [100, 1000, "sum", "float32", true, 1],
    [40, 20_001, "sum", "int32", true, 2],
    [3, 500, "max", "uint8", false, 2],
    [5, 500, "min", "bool", false, 2],
    [5, 20_000, "max", "float16", true, 2],
    [20_000, 40, "sum", "float32", true, 1],
    [10, 12, "sum", "float32", false, 1],
  ] as const)(
    "%i times %i turns: %s of %s, first axis: %s, in %i passes",
    async (outputs, turns, combine, dtype, first, passes) => {
      const nest = reduceNest(outputs, turns, combine, dtype, first);
      expect(nestPlan(nest, 8).passes).toHaveLength(passes);
      const values = Float64Array.from({ length: outputs * turns }, (_, i) =>
        dtype === "bool" ? Number(i % 501 !== 3) : (i * 7919) % 64,
      );
      const [actual] = await runNest(backend, nest, [values]);
      const expected = Array.from({ length: outputs }, (_, output) => {
        let total = { sum: 0, product: 1, max: Number.NEGATIVE_INFINITY, min: Number.POSITIVE_INFINITY }[combine];
        for (let turn = 0; turn < turns; turn++) {
          const value = values[first ? turn * outputs + output : output * turns + turn];
          total =
            combine === "sum" ? total + value : combine === "max" ? Math.max(total, value) : Math.min(total, value);
        }
        return dtype === "bool" ? total : total + 1;
      });
      expect(Array.from(actual)).toEqual(expected);
    },
  );

  it("covers more workgroups than one dimension has", async () => {
    const count = 4_500_000;
    const nest: LoopNest = {
      shape: [count],
      inputs: [],
      body: [{ kind: "index", axis: 0 }],
      epilogue: [],
      stores: [{ value: 0, dtype: "int32" }],
    };
    expect(nestPlan(nest, 8).passes[0].groups[1]).toBeGreaterThan(1);
    const [actual] = await runNest(backend, nest, []);
    expect((actual as Int32Array).every((value, i) => value === i)).toBe(true);
  });

  it("are printed by `explain`, each shader under its name", async () => {
    const step = compile((x: Tensor) => x.exp().sum({ axes: 0 }));
    const text = await withBackend(backend, async () => {
      await step(tensor([1, 2, 3]));
      return explain(step, { code: true });
    });
    expect(text).toMatch(/kernel 0: sum_of_exp_scalar\n\n.*fn sum_of_exp_scalar\(/s);
  });

  it("says in its shader what it computes", () => {
    const shape = [4, 5];
    const nest: LoopNest = {
      shape,
      inputs: ["float32", "float32"],
      body: [
        load(0, "float32", stridesOf(shape)),
        load(1, "float32", [0, 1]),
        { kind: "apply", operator: "multiply", dtype: "float32", operands: [0, 1] },
      ],
      epilogue: [],
      stores: [{ value: 2, dtype: "float32" }],
    };
    expect(sizeOf(shape)).toBe(20);
    const { name, passes } = nestPlan(nest, 8);
    expect(name).toBe("multiply_4x5");
    expect(passes[0].source(new Map())).toMatchInlineSnapshot(`
      "@group(0) @binding(0) var<storage, read> x0: array<f32>;
      @group(0) @binding(1) var<storage, read> x1: array<f32>;
      @group(0) @binding(2) var<storage, read_write> y0: array<f32>;
      fn x0_at(at: u32) -> f32 { return x0[at]; }
      fn x1_at(at: u32) -> f32 { return x1[at]; }

      struct Results { y0: f32 }

      fn element(at: u32) -> Results {
        let i1 = i32(at % 5u);
        let v0 = x0_at(at);
        let v1 = x1_at(u32(i1));
        let v2 = (v0 * v1);
        return Results(v2);
      }

      @compute @workgroup_size(64)
      fn multiply_4x5(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
        let at = (group.y * 1u + group.x) * 64u + local;
        if (at >= 20u) { return; }
        let result = element(at);
        y0[at] = result.y0;
      }"
    `);
    expect(passes[0].source(new Map([[0, 0]]))).not.toMatch(/binding\(0\)/);
  });
});
