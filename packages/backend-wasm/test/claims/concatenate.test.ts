import { sizeOf } from "@sconce/core";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { claimOp } from "../../src/claims/index.ts";
import { openMachine } from "../../src/machine/open-machine.ts";
import { runKernel } from "../matmul/run-product.ts";

const machines = await Promise.all([1, 2].map((threads) => openMachine({ threads, maximumBytes: 2 ** 28 })));
afterAll(() => {
  for (const machine of machines) machine.close();
});

const request = (parts: number, shape: readonly number[], axis: number) => ({
  op: "concatenate",
  attributes: { axis },
  inputs: Array.from({ length: parts }, () => ({ shape, dtype: "float32" as const })),
  output: { shape: shape.map((extent, i) => (i === axis ? parts * extent : extent)), dtype: "float32" as const },
});

it("puts equally long parts end to end", () => {
  const sizes = fc.tuple(
    fc.integer({ min: 4, max: 40 }),
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 1, max: 3 }),
  );
  const inner = fc.oneof(fc.integer({ min: 128, max: 200 }), fc.constantFrom(1024, 4097));
  fc.assert(
    fc.property(sizes, inner, ([parts, outer, extent], length) => {
      const shape = [outer, extent, length];
      const inputs = Array.from({ length: parts }, (_, part) =>
        Float32Array.from({ length: sizeOf(shape) }, (_, i) => part + i / 2 ** 16),
      );
      const run = extent * length;
      const expected = Array.from({ length: outer }, (_, slice) =>
        inputs.flatMap((values) => [...values.subarray(slice * run, (slice + 1) * run)]),
      ).flat();
      for (const machine of machines) {
        const code = claimOp(request(parts, shape, 1), machine.target);
        if (!code) throw new Error("concatenate is not claimed");
        expect([...runKernel(machine, code, inputs, expected.length)]).toEqual(expected);
      }
    }),
    { numRuns: 30 },
  );
});

it("leaves few, short or unequal parts to loop nests", () => {
  const [{ target }] = machines;
  const uneven = request(4, [8, 128], 0);
  expect(claimOp(request(3, [8, 128], 0), target)).toBeUndefined();
  expect(claimOp(request(4, [8, 16], 1), target)).toBeUndefined();
  expect(
    claimOp({ ...uneven, inputs: [...uneven.inputs, { shape: [2, 128], dtype: "float32" }] }, target),
  ).toBeUndefined();
});
