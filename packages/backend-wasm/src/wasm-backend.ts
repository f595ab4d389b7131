/** The wasm backend: kernels assembled at run time, one memory, as many threads as the platform shares memory with. */
import {
  type Backend,
  type Capabilities,
  dtypes,
  fuseEpilogues,
  type Kernel,
  type LoopNest,
  type OpRequest,
  type Replay,
  type Step,
} from "@sconce/core";
import { claimOp } from "./claims/index.ts";
import type { KernelCode } from "./kernels/kernel.ts";
import type { Machine, WasmBuffer } from "./machine/machine.ts";
import { openMachine } from "./machine/open-machine.ts";
import { nestKernel } from "./nests/nest-kernel.ts";

export type { WasmBuffer };

export interface WasmOptions {
  /** Threads that work on a kernel, the calling one included; by default as many as there are processors. */
  readonly threads?: number;
  /** Whether fused multiply-add may be used; by default where the engine has it. */
  readonly relaxedSimd?: boolean;
  /** Whether matmul, convolution and others run as kernels of their own (the default) or as loop nests. */
  readonly claims?: boolean;
  /** Whether elementwise work on the results of matmul and convolution becomes part of their kernels (the default). */
  readonly optimize?: boolean;
  /** The most bytes the memory may grow to; by default 4 GiB or what the engine allows. */
  readonly maximumBytes?: number;
}

/** A kernel of this backend: its code, and a way to run it alone. */
interface WasmKernel extends Kernel<WasmBuffer> {
  readonly kernelCode: KernelCode;
}

/** Opens a wasm backend; rejects where WebAssembly or its SIMD is missing. */
export async function openWasm(options: WasmOptions = {}): Promise<Backend<WasmBuffer>> {
  const machine = await openMachine(options);
  const { threads } = machine.target;
  const capabilities: Capabilities = {
    dtypes,
    maximumInputs: 24,
    maximumOutputs: 16,
    synchronousReads: true,
    threads: { count: threads, ...(machine.threadsReason && { reason: machine.threadsReason }) },
  };
  const readSync = ({ address }: WasmBuffer, byteLength: number): ArrayBuffer =>
    machine.bytes().slice(address, address + byteLength).buffer as ArrayBuffer;
  return {
    name: "wasm",
    capabilities,
    allocate: (byteLength) => machine.allocate(byteLength),
    release: (buffer) => machine.release(buffer),
    write: ({ address }, bytes) => {
      machine.bytes().set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), address);
    },
    read: async (buffer, byteLength) => readSync(buffer, byteLength),
    readSync,
    compile: (nest: LoopNest) => kernelOf(nestKernel(nest), machine),
    ...(options.claims !== false && {
      claim: (request: OpRequest) => {
        const code = claimOp(request, machine.target);
        return code && kernelOf(code, machine);
      },
    }),
    ...(options.optimize !== false && { optimize: fuseEpilogues }),
    record: (steps: readonly Step<WasmBuffer>[]): Replay => ({
      run: machine.program(
        steps.map(({ kernel, inputs, outputs }) => ({ code: (kernel as WasmKernel).kernelCode, inputs, outputs })),
      ),
    }),
    compileTime: () => machine.compileTime,
    close: () => machine.close(),
  };
}

/** A kernel that links itself when it is first run alone. */
function kernelOf(code: KernelCode, machine: Machine): WasmKernel {
  const bound = { code, inputs: new Array<WasmBuffer>(code.inputs), outputs: new Array<WasmBuffer>(code.outputs) };
  let program: (() => void) | undefined;
  return {
    name: code.name,
    kernelCode: code,
    run: (inputs, outputs) => {
      program ??= machine.program([bound]);
      inputs.forEach((buffer, i) => {
        bound.inputs[i] = buffer;
      });
      outputs.forEach((buffer, i) => {
        bound.outputs[i] = buffer;
      });
      program();
    },
  };
}
