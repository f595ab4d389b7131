/** The webgpu backend: every loop nest is a compute shader, and a replayed program one command buffer. */
import {
  type Backend,
  BackendError,
  type Capabilities,
  type Claim,
  type LoopNest,
  type OpRequest,
  type ProgramDraft,
  type Step,
} from "@sconce/core";
import { compileClaims } from "./claims/compile-claims.ts";
import { claimOp } from "./claims/index.ts";
import type { WebGpuBuffer } from "./device/buffers.ts";
import { Engine } from "./device/engine.ts";
import { type DeviceOptions, openDevice } from "./device/open-device.ts";
import { bytesOf, withSizes } from "./kernels/claim-sizes.ts";
import { WebGpuKernel } from "./kernels/kernel.ts";
import type { KernelPlan } from "./kernels/pass.ts";
import { recordSteps } from "./kernels/replay.ts";
import { chunkedPlan } from "./nests/chunked-plan.ts";
import { nestPlan } from "./nests/nest-plan.ts";
import { tuningMemory } from "./tuning/memory.ts";
import { Tuner } from "./tuning/tuner.ts";

export type { WebGpuBuffer };

export interface WebGpuOptions extends DeviceOptions {
  /** Whether matmul, convolution and others run as kernels of their own (the default) or as loop nests. */
  readonly claims?: boolean;
  /** Whether elementwise work on the results of matmul and convolution becomes part of their kernels (the default). */
  readonly optimize?: boolean;
  /**
   * Whether matmul and convolution round their operands to float16 (11 bits of precision, up to 65,504; sums stay
   * float32), which halves what tiles take of a workgroup's memory. Not by default.
   */
  readonly float16?: boolean;
  /** Whether kernels with variants are measured when they are first compiled: by default not on an adapter in software. */
  readonly tune?: boolean;
  /**
   * Where choices are remembered: the path of a file in Node, ~/.cache/sconce/webgpu-tuning.json by default, or the name
   * of a database in browsers; false remembers them no longer than the backend is open.
   */
  readonly tuningMemory?: string | false;
  /** The most bytes of a buffer that a kernel binds at once, where that is to be less than the device's limit. */
  readonly maximumBindingSize?: number;
}

const noMemory = Promise.resolve(undefined);

/** Whether products may be of float16 numbers. Throws BackendError where the device cannot. */
function roundsOperands(device: GPUDevice, { float16 = false }: WebGpuOptions): boolean {
  if (float16 && !device.features.has("shader-f16")) {
    throw new BackendError(
      'webgpu: float16: true needs the feature "shader-f16", which this device lacks; leave it out, or open a device that has it.',
    );
  }
  return float16;
}

/** Opens a webgpu backend; rejects where there is no WebGPU or no adapter. */
export async function openWebGpu(options: WebGpuOptions = {}): Promise<Backend<WebGpuBuffer>> {
  const device = await openDevice(options);
  const engine = new Engine(device, options.maximumBindingSize);
  const buffersPerKernel = device.limits.maxStorageBuffersPerShaderStage;
  const capabilities: Capabilities = {
    dtypes: ["float32", "float16", "int32", "uint32", "uint8", "bool"],
    maximumInputs: buffersPerKernel - 1,
    // Reductions in two passes need a buffer in between for each.
    maximumOutputs: Math.min(8, buffersPerKernel >> 1),
    maximumBuffers: buffersPerKernel,
    synchronousReads: false,
    orderedReads: true,
    threads: { count: 1, reason: "kernels run on the graphics device" },
  };
  const subgroups = device.features.has("subgroups");
  const planNest = (nest: LoopNest): KernelPlan => nestPlan(nest, buffersPerKernel, subgroups);
  const target = { maximumBuffers: buffersPerKernel, float16: roundsOperands(device, options) };
  const mayTune = options.tune ?? device.adapterInfo?.isFallbackAdapter === false;
  const { tuningMemory: place } = options;
  const tuner = mayTune ? new Tuner(engine, place === false ? noMemory : tuningMemory(place)) : undefined;
  const bindingLimits = {
    bytes: engine.bindingBytes,
    alignment: device.limits.minStorageBufferOffsetAlignment,
    count: buffersPerKernel,
  };
  return {
    name: "webgpu",
    capabilities,
    allocate: (byteLength) => engine.buffers.allocate(byteLength),
    release: (buffer) => engine.buffers.release(buffer),
    write: (buffer, bytes) => engine.write(buffer, bytes),
    read: (buffer, byteLength) => engine.buffers.read(buffer, byteLength),
    compile: (nest: LoopNest) => new WebGpuKernel(chunkedPlan(nest, planNest, bindingLimits), engine).compile(),
    ...(options.claims !== false && {
      claim: (request: OpRequest) => {
        const plans = claimOp(request, target).map((plan) => withSizes(plan, request));
        if (plans.length === 0) return undefined;
        // Loop nests are cut into parts that can be bound; claimed kernels are not.
        const bytes = [...request.inputs, request.output].map(bytesOf);
        if (Math.max(...bytes, ...plans.flatMap(({ temporaries }) => temporaries)) > engine.bindingBytes)
          return undefined;
        if (!tuner) return new WebGpuKernel(plans[0], engine);
        // Measured without an epilogue: it is the same choice.
        const { epilogue, ...plain } = request;
        const key = JSON.stringify([plain, target.float16]);
        return tuner
          .choose(key, epilogue ? claimOp(plain, target) : plans, bytes)
          .then((choice) => new WebGpuKernel(plans[choice], engine).compile());
      },
      optimize: (draft: ProgramDraft, claim: Claim) => compileClaims(draft, claim, options.optimize !== false),
    }),
    record: (steps: readonly Step<WebGpuBuffer>[]) => recordSteps(steps, engine),
    finish: () => engine.finish(),
    ...(device.features.has("timestamp-query") && { timed: (work: () => void) => engine.timed(work) }),
    compileTime: () => engine.pipelines.compileTime,
    lost: engine.faults.lost,
    close: async () => {
      engine.faults.close();
      await engine.finish().catch(() => {});
      if (!options.device) device.destroy();
    },
  };
}
