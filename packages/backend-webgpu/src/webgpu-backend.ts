/** The webgpu backend: every loop nest is a compute shader, and a replayed program one command buffer. */
import type { Backend, Capabilities, LoopNest, OpRequest, Step } from "@sconce/core";
import { claimOp } from "./claims/index.ts";
import type { WebGpuBuffer } from "./device/buffers.ts";
import { Engine } from "./device/engine.ts";
import { type DeviceOptions, openDevice } from "./device/open-device.ts";
import { WebGpuKernel } from "./kernels/kernel.ts";
import { recordSteps } from "./kernels/replay.ts";
import { nestPlan } from "./nests/nest-plan.ts";

export type { WebGpuBuffer };

export interface WebGpuOptions extends DeviceOptions {
  /** Whether matmul, convolution and others run as kernels of their own (the default) or as loop nests. */
  readonly claims?: boolean;
}

/** Opens a webgpu backend; rejects where there is no WebGPU or no adapter. */
export async function openWebGpu(options: WebGpuOptions = {}): Promise<Backend<WebGpuBuffer>> {
  const device = await openDevice(options);
  const engine = new Engine(device);
  const buffersPerKernel = device.limits.maxStorageBuffersPerShaderStage;
  const maximumOutputs = Math.min(8, Math.floor((3 * buffersPerKernel) / 8));
  const capabilities: Capabilities = {
    dtypes: ["float32", "float16", "int32", "uint32", "uint8", "bool"],
    maximumInputs: buffersPerKernel - maximumOutputs,
    maximumOutputs,
    synchronousReads: false,
    threads: { count: 1, reason: "kernels run on the graphics device" },
  };
  return {
    name: "webgpu",
    capabilities,
    allocate: (byteLength) => engine.buffers.allocate(byteLength),
    release: (buffer) => engine.buffers.release(buffer),
    write: (buffer, bytes) => engine.write(buffer, bytes),
    read: (buffer, byteLength) => engine.buffers.read(buffer, byteLength),
    compile: (nest: LoopNest) => new WebGpuKernel(nestPlan(nest, buffersPerKernel), engine).compile(),
    ...(options.claims !== false && {
      claim: (request: OpRequest) => {
        const plan = claimOp(request);
        return plan && new WebGpuKernel(plan, engine).compile();
      },
    }),
    record: (steps: readonly Step<WebGpuBuffer>[]) => recordSteps(steps, engine),
    finish: () => engine.finish(),
    compileTime: () => engine.pipelines.compileTime,
    close: async () => {
      await engine.finish().catch(() => {});
      if (!options.device) device.destroy();
    },
  };
}
