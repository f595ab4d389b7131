/** Kernels bind as much of a buffer as their values fill, however large it is. */
import { type DType, encodeNumbers, type LoopNest, sizeOf } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openDevice } from "../../src/device/open-device.ts";
import type { WebGpuBuffer } from "../../src/index.ts";
import { openForTests, type TestBackend } from "../device.ts";

const available = await openForTests();
await available?.close?.();
const gpu = (available ? await openDevice({}) : undefined) as GPUDevice;
const backend = (available ? await openForTests({ device: gpu }) : undefined) as TestBackend;
afterAll(() => gpu?.destroy());

/** Sizes of all that is bound while `work` runs, per group. */
function boundBy(work: () => void): number[][] {
  const found: number[][] = [];
  const original = gpu.createBindGroup;
  gpu.createBindGroup = (descriptor) => {
    found.push([...descriptor.entries].map(({ resource }) => (resource as GPUBufferBinding).size ?? Number.NaN));
    return original.call(gpu, descriptor);
  };
  try {
    work();
  } finally {
    gpu.createBindGroup = original;
  }
  return found;
}

/** A buffer with `values` at its start, and room for more. */
function roomy(values: ArrayLike<number>, dtype: DType): WebGpuBuffer {
  const buffer = backend.allocate(values.length * 4 + 1000);
  backend.write(buffer, encodeNumbers(values, dtype));
  return buffer;
}

const rounded = (bytes: number): number => Math.max(16, Math.ceil(bytes / 16) * 16);
const someNumbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 7);
const affine = (offset: number, strides: readonly number[]) => ({ kind: "affine", offset, strides }) as const;

describe.skipIf(!available)("what is bound", () => {
  it("of a nest's inputs ends with the last element that it reads", async () => {
    const extents = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }));
    const lengths = fc.tuple(extents, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 3 }));
    await fc.assert(
      fc.asyncProperty(lengths, async ([[rows, columns], offset, step]) => {
        const [taken, last] = [rows * columns, offset + step * (columns - 1)];
        const nest: LoopNest = {
          shape: [columns],
          reduce: { extent: [rows], accumulators: [{ value: 0, combine: "sum", dtype: "float32" }] },
          inputs: ["float32", "float32"],
          body: [{ kind: "load", input: 0, dtype: "float32", access: affine(0, [1, columns]) }],
          epilogue: [
            { kind: "accumulator", index: 0 },
            { kind: "load", input: 1, dtype: "float32", access: affine(offset, [step]) },
            { kind: "apply", operator: "add", dtype: "float32", operands: [0, 1] },
          ],
          stores: [{ value: 2, dtype: "float32" }],
        };
        const kernel = await backend.compile(nest);
        const values = [someNumbers(taken), someNumbers(last + 1)];
        const inputs = values.map((list) => roomy(list, "float32"));
        const output = roomy([], "float32");
        const groups = boundBy(() => kernel.run(inputs, [output]));
        expect(groups).toEqual([[taken, last + 1, columns].map((count) => rounded(4 * count))]);
        const result = new Float32Array(await backend.read(output, 4 * columns));
        const sum = (column: number): number =>
          values[0].reduce((total, x, i) => (i % columns === column ? total + x : total), 0);
        expect([...result]).toEqual([...result].map((_, i) => sum(i) + values[1][offset + step * i]));
        for (const buffer of [...inputs, output]) backend.release(buffer);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  it("of a claimed op's operands is what its signatures say", async () => {
    const shapes = [
      [3, 5, 7],
      [3, 7, 2],
      [3, 5, 2],
    ];
    const [a, b, output] = shapes.map((shape) => ({ shape, dtype: "float32" as const }));
    const attributes = { transposeA: false, transposeB: false };
    const kernel = await backend.claim?.({ op: "matmul", attributes, inputs: [a, b], output });
    const inputs = [a, b].map(({ shape }) => roomy(someNumbers(sizeOf(shape)), "float32"));
    const result = roomy([], "float32");
    const groups = boundBy(() => kernel?.run(inputs, [result]));
    expect(groups).toEqual([shapes.map((shape) => rounded(4 * sizeOf(shape)))]);
    const [first] = new Float32Array(await backend.read(result, 4));
    expect(first).toBe([0, 1, 2, 3, 4, 5, 6].reduce((sum, k) => sum + k * ((2 * k) % 7), 0));
    for (const buffer of [...inputs, result]) backend.release(buffer);
  });
});
