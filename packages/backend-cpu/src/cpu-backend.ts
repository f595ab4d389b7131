/** The cpu backend: portable TypeScript, every dtype, synchronous. */
import { type Backend, type Capabilities, dtypes, type Kernel, type LoopNest, type OpRequest } from "@sconce/core";
import { allocateBuffer, type CpuBuffer } from "./buffer.ts";
import { claimOp } from "./claims/index.ts";
import { codeGenerationAllowed, compileNest } from "./nests/compile-nest.ts";

export interface CpuOptions {
  /** Whether loop nests become generated code; by default, where the platform allows it. */
  readonly generateCode?: boolean;
  /** Whether matmul, convolution and others run as hand-written kernels (the default) or as loop nests. */
  readonly claims?: boolean;
}

/** Opens a cpu backend. */
export function openCpu(options: CpuOptions = {}): Backend<CpuBuffer> {
  const generate = options.generateCode ?? codeGenerationAllowed();
  const capabilities: Capabilities = {
    dtypes,
    maximumInputs: 24,
    maximumOutputs: 16,
    synchronousReads: true,
    threads: { count: 1, reason: "plain JavaScript runs on one thread; use the wasm or native backend for more" },
  };
  const readSync = (buffer: CpuBuffer, byteLength: number): ArrayBuffer => buffer.bytes.slice(0, byteLength);
  return {
    name: "cpu",
    capabilities,
    allocate: allocateBuffer,
    release: () => {},
    write: (buffer, bytes) => {
      new Uint8Array(buffer.bytes).set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    read: async (buffer, byteLength) => readSync(buffer, byteLength),
    readSync,
    compile: (nest: LoopNest): Kernel<CpuBuffer> => compileNest(nest, generate),
    ...(options.claims !== false && { claim: (request: OpRequest) => claimOp(request) }),
  };
}
