/** Adding at positions gives the same bits on every run, in the order of the updates. */
import type { OpRequest } from "@sconce/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { claimOp } from "../../src/claims/index.ts";
import { Engine } from "../../src/device/engine.ts";
import { openDevice } from "../../src/device/open-device.ts";
import { WebGpuKernel } from "../../src/kernels/kernel.ts";

const device = await openDevice({}).catch(() => undefined);
afterAll(() => device?.destroy());

async function scattered(engine: Engine, request: OpRequest, updates: Float32Array, indices: Int32Array, size: number) {
  const [plan] = claimOp(request, { maximumBuffers: 8, float16: false });
  const buffers = [updates, indices].map((values) => {
    const buffer = engine.buffers.allocate(values.byteLength);
    engine.write(buffer, values);
    return buffer;
  });
  const output = engine.buffers.allocate(4 * size);
  (await new WebGpuKernel(plan, engine).compile()).run(buffers, [output]);
  const result = new Float32Array(await engine.buffers.read(output, 4 * size));
  for (const buffer of [...buffers, output]) engine.buffers.release(buffer);
  return result;
}

describe.skipIf(!device)("adding at positions", () => {
  it.each(["takeAdd", "scatterAdd"])("%s adds in the order of the updates", async (op) => {
    const engine = new Engine(device as GPUDevice);
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(17, 100, 8300), fc.integer({ min: 1, max: 3 })),
        fc.integer({ min: 1, max: 9 }),
        async ([outer, count, inner], extent) => {
          const total = outer * count * inner;
          const each = op === "scatterAdd";
          const updates = Float32Array.from({ length: total }, (_, i) => Math.sin(i * i));
          // Some are out of range, and are left out.
          const indices = Int32Array.from(
            { length: each ? total : count },
            (_, i) => Math.floor(Math.abs(Math.sin(3 * i)) * (extent + 2)) - 1,
          );
          const expected = new Float32Array(outer * extent * inner);
          for (let i = 0; i < total; i++) {
            const [o, update, place] = [Math.floor(i / (count * inner)), Math.floor(i / inner) % count, i % inner];
            const destination = indices[each ? i : update];
            if (destination >= 0 && destination < extent) {
              expected[(o * extent + destination) * inner + place] += updates[i];
            }
          }
          const float32 = (...shape: number[]) => ({ shape, dtype: "float32" }) as const;
          const request: OpRequest = {
            op,
            attributes: { axis: 1, extent },
            inputs: [float32(outer, count, inner), { shape: each ? [outer, count, inner] : [count], dtype: "int32" }],
            output: float32(outer, extent, inner),
          };
          expect(await scattered(engine, request, updates, indices, expected.length)).toEqual(expected);
        },
      ),
      { numRuns: 8 },
    );
  });
});
