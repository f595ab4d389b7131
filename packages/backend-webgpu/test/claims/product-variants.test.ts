/** Every variant of a product computes the same: edges, transposed operands, aligned or not, in pieces, with epilogues. */
import type { NestEpilogue, OpRequest } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { claimOp } from "../../src/claims/index.ts";
import { tilesOf, variantsFor } from "../../src/claims/product-variants.ts";
import { Engine } from "../../src/device/engine.ts";
import { openDevice } from "../../src/device/open-device.ts";
import { openWebGpu } from "../../src/index.ts";
import { runPlan } from "./run-plan.ts";

const device = await openDevice({}).catch(() => undefined);
afterAll(() => device?.destroy());

const target = { maximumBuffers: 8, float16: false };

function request(
  [batch, rows, columns, inner]: readonly number[],
  [transposeA, transposeB]: readonly boolean[],
): OpRequest {
  const float32 = (...shape: number[]) => ({ shape, dtype: "float32" }) as const;
  return {
    op: "matmul",
    attributes: { transposeA, transposeB },
    inputs: [
      transposeA ? float32(batch, inner, rows) : float32(batch, rows, inner),
      transposeB ? float32(batch, columns, inner) : float32(batch, inner, columns),
    ],
    output: float32(batch, rows, columns),
  };
}

/** Small whole numbers, whose products and sums are exact. */
const wave = (length: number, step: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((i * step) % 7) - 3);

function expected([batch, rows, columns, inner]: readonly number[], [ta, tb]: readonly boolean[]): Float32Array {
  const [a, b] = [wave(batch * rows * inner, 5), wave(batch * inner * columns, 11)];
  const result = new Float32Array(batch * rows * columns);
  for (let i = 0; i < result.length; i++) {
    const [n, row, column] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    for (let k = 0; k < inner; k++) {
      const left = a[n * rows * inner + (ta ? k * rows + row : row * inner + k)];
      result[i] += left * b[n * inner * columns + (tb ? column * inner + k : k * columns + column)];
    }
  }
  return result;
}

describe.skipIf(!device)("variants of products", () => {
  const extents = fc.tuple(
    fc.integer({ min: 1, max: 2 }),
    fc.constantFrom(1, 7, 33, 64, 120, 128),
    fc.constantFrom(3, 16, 60, 64, 130),
    fc.constantFrom(1, 6, 16, 40, 520),
  );

  it("all give the product", async () => {
    const engine = new Engine(device as GPUDevice);
    await fc.assert(
      fc.asyncProperty(extents, fc.tuple(fc.boolean(), fc.boolean()), fc.nat(), async (sizes, transposed, choice) => {
        const plans = claimOp(request(sizes, transposed), target);
        const [batch, rows, columns, inner] = sizes;
        const inputs = [wave(batch * rows * inner, 5), wave(batch * inner * columns, 11)];
        const plan = plans[choice % plans.length];
        const actual = await runPlan(engine, plan, inputs, batch * rows * columns);
        expect(actual).toEqual(expected(sizes, transposed));
      }),
      { numRuns: 8 },
    );
  });

  it("also of large blocks", async () => {
    const engine = new Engine(device as GPUDevice);
    const sizes = [1, 128, 128, 24];
    const inputs = [wave(128 * 24, 5), wave(24 * 128, 11)];
    const [, ...others] = claimOp(request(sizes, [false, true]), target);
    expect(others.length).toBeGreaterThan(5);
    for (const plan of others) {
      expect(await runPlan(engine, plan, inputs, 128 * 128)).toEqual(expected(sizes, [false, true]));
    }
  });

  it.each([24, 1040])("finish sums of %i with an epilogue", async (inner) => {
    const engine = new Engine(device as GPUDevice);
    const sizes = [2, 36, 20, inner];
    const load = (input: number) =>
      ({ kind: "load", dtype: "float32", input, access: { kind: "affine", offset: 0, strides: [] } }) as const;
    const epilogue: NestEpilogue = {
      operands: ["row", "column", "element"],
      instructions: [
        load(0),
        load(1),
        { kind: "apply", operator: "add", dtype: "float32", operands: [0, 1] },
        load(2),
        { kind: "apply", operator: "multiply", dtype: "float32", operands: [2, 3] },
        load(3),
        { kind: "apply", operator: "maximum", dtype: "float32", operands: [4, 5] },
      ],
      value: 6,
    };
    const plans = claimOp({ ...request(sizes, [true, false]), epilogue }, target);
    const operands = [wave(36, 3), wave(20, 2), wave(2 * 36 * 20, 23)];
    const inputs = [wave(2 * 36 * inner, 5), wave(2 * inner * 20, 11), ...operands];
    const finished = expected(sizes, [true, false]).map((sum, i) =>
      Math.max((sum + operands[0][Math.floor(i / 20) % 36]) * operands[1][i % 20], operands[2][i]),
    );
    expect(await runPlan(engine, plans[0], inputs, finished.length)).toEqual(finished);
    expect(plans[0].passes).toHaveLength(inner > 1000 ? 2 : 1);
  });

  it("keep float16 tiles where the device has them", async () => {
    const [plan] = claimOp(request([1, 36, 20, 24], [true, false]), { ...target, float16: true });
    const source = plan.passes[0].source(new Map());
    expect(source).toMatch(/^enable f16;/);
    expect(source).toContain("var<workgroup> a_tile: array<vec4h, ");
    expect(source).toContain("let a0 = vec4f(a_tile[");
    if (!device?.features.has("shader-f16")) {
      await expect(openWebGpu({ float16: true })).rejects.toThrow(/float16: true needs the feature "shader-f16"/);
      return;
    }
    const inputs = [wave(36 * 24, 5), wave(24 * 20, 11)];
    const engine = new Engine(device);
    expect(await runPlan(engine, plan, inputs, 36 * 20)).toEqual(expected([1, 36, 20, 24], [true, false]));
  });

  it("take no epilogue with more operands than can be bound", () => {
    const epilogue: NestEpilogue = { operands: new Array(6).fill("row"), instructions: [], value: 0 };
    expect(claimOp({ ...request([1, 8, 8, 8], [false, false]), epilogue }, target)).toEqual([]);
  });
});

describe("the default variant", () => {
  it("leaves a graphics card no idle tiles, and has no tile larger than need be", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 5000 }), (rows, columns) => {
        const [first] = variantsFor({ rows, columns, batch: 1 });
        const isLarge = first.rows * first.columns > 16;
        expect(!isLarge || tilesOf({ rows, columns, batch: 1 }, first) >= 256).toBe(true);
        expect(first.high * first.wide).toBeLessThanOrEqual(256);
      }),
    );
    expect(variantsFor({ rows: 4096, columns: 4096, batch: 1 })[0]).toMatchObject({ rows: 8, columns: 8 });
  });
});
