/** What the counts of a real library rest on: Dawn's null adapter, and the meter around it. */
import { openWebGpu } from "@sconce/backend-webgpu";
import { type Backend, compile, type Tensor, tensor, withBackend } from "@sconce/core";
import { expect, it } from "vitest";
import { provideGpu } from "../src/peers/dawn.ts";
import type { GpuMeter } from "../src/peers/gpu-meter.ts";

it("counts a replayed program on an adapter that computes nothing", async () => {
  const meter = (await provideGpu("counted")) as GpuMeter;
  const { limits } = (await navigator.gpu.requestAdapter()) as GPUAdapter;
  expect(limits.maxStorageBuffersPerShaderStage).toBe(8);
  const backend = (await openWebGpu()) as Backend;
  await withBackend(backend, async () => {
    const double = compile((x: Tensor) => x.add(x));
    const x = tensor(new Float32Array(1024));
    for (let i = 0; i < 3; i++) {
      meter.start();
      (await double(x)).dispose();
      await backend.finish?.();
    }
  });
  const { buffers, bytes, ...counts } = meter.counts();
  expect(counts).toMatchObject({ dispatches: 1, pipelines: 1, commandBuffers: 1, bytesBound: 8192, bytesCopied: 0 });
  expect(bytes).toBeGreaterThanOrEqual(8192);
  expect(buffers).toBeGreaterThanOrEqual(2);
  await backend.close?.();
});
