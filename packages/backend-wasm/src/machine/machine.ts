/** The machine that kernels run on: one memory, its heap, its threads, and the modules linked for it. */
import { BackendError } from "@sconce/core";
import { argumentWords, type KernelCode, type Target } from "../kernels/kernel.ts";
import { hasRelaxedSimd, hasSimd } from "./features.ts";
import { Heap } from "./heap.ts";
import { hostFunctions } from "./host-functions.ts";
import { type HostImports, instantiate } from "./instance.ts";
import { type LinkedStep, link } from "./link.ts";
import { availableProcessors, callerMayWait, reasonAgainstThreads, startThreads, type ThreadPool } from "./threads.ts";

/** A range of the memory. */
export interface WasmBuffer {
  readonly address: number;
  readonly byteLength: number;
}

/** A kernel with the buffers it works on. */
export interface BoundKernel {
  readonly code: KernelCode;
  readonly inputs: readonly WasmBuffer[];
  readonly outputs: readonly WasmBuffer[];
}

export interface MachineOptions {
  readonly threads?: number;
  readonly relaxedSimd?: boolean;
  readonly maximumBytes?: number;
}

/** Pages of 64 KiB in the 4 GiB that 32-bit addresses reach. */
const mostPages = 65536;

export class Machine {
  readonly target: Target;
  /** Why there are not more threads. */
  readonly threadsReason: string | undefined;
  readonly #memory: WebAssembly.Memory;
  readonly #maximumPages: number;
  readonly #heap: Heap;
  readonly #pool: ThreadPool | undefined;
  readonly #host: HostImports;
  readonly #finalizer: FinalizationRegistry<LoadedProgram>;
  #programs = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #words: Uint32Array = new Uint32Array(0);
  #compileTime = 0;

  constructor(
    memory: WebAssembly.Memory,
    maximumPages: number,
    pool: ThreadPool | undefined,
    relaxed: boolean,
    threadsReason: string | undefined,
  ) {
    this.#memory = memory;
    this.#maximumPages = maximumPages;
    this.#heap = new Heap(memory, maximumPages);
    this.#pool = pool;
    this.target = { threads: 1 + (pool?.workers ?? 0), relaxed };
    this.threadsReason = threadsReason;
    const callerWaits = callerMayWait() ? 1 : 0;
    this.#host = { ...hostFunctions(), memory, mayWait: (thread: number) => (thread === 0 ? callerWaits : 1) };
    this.#finalizer = new FinalizationRegistry((program) => this.#unload(program));
  }

  /** Milliseconds spent so far on assembling and compiling modules. */
  get compileTime(): number {
    return this.#compileTime;
  }

  allocate(byteLength: number): WasmBuffer {
    return { address: this.#heap.allocate(byteLength), byteLength };
  }

  release({ address, byteLength }: WasmBuffer): void {
    this.#heap.release(address, byteLength);
  }

  /** The whole memory as bytes; ask again after anything was allocated. */
  bytes(): Uint8Array {
    if (this.#bytes.byteLength !== this.#memory.buffer.byteLength) this.#bytes = new Uint8Array(this.#memory.buffer);
    return this.#bytes;
  }

  #wordView(): Uint32Array {
    if (this.#words.byteLength !== this.#memory.buffer.byteLength) this.#words = new Uint32Array(this.#memory.buffer);
    return this.#words;
  }

  /** Links the kernels into one module; the function returned runs it on the buffers that the arrays hold by then. */
  program(steps: readonly BoundKernel[]): () => void {
    const started = performance.now();
    const words = steps.reduce((sum, { code }) => sum + argumentWords(code), 0);
    const argumentList = this.allocate(4 * words);
    const scratch = this.allocate(Math.max(0, ...steps.map(({ code }) => code.scratchBytes)));
    let address = argumentList.address;
    const linked = steps.map(({ code }): LinkedStep => {
      const step = { kernel: code, address };
      address += 4 * argumentWords(code);
      this.#wordView()[address / 4 - 1] = scratch.address;
      return step;
    });
    const number = this.#load(
      link(linked, { shared: this.#pool !== undefined, maximum: this.#maximumPages }, this.target),
    );
    const run = (): void => {
      const view = this.#wordView();
      let word = argumentList.address / 4;
      for (const { inputs, outputs } of steps) {
        for (let i = 0; i < inputs.length; i++) view[word++] = inputs[i].address;
        for (let i = 0; i < outputs.length; i++) view[word++] = outputs[i].address;
        word++;
      }
      number.start();
    };
    this.#finalizer.register(run, { number: number.number, buffers: [argumentList, scratch] });
    this.#compileTime += performance.now() - started;
    return run;
  }

  #load(bytes: Uint8Array<ArrayBuffer>): { readonly number: number; start(): void } {
    const pool = this.#pool;
    const entry = instantiate(bytes, this.#host);
    const number = this.#programs++;
    if (!pool) return { number, start: () => entry(0) };
    const copy = this.allocate(bytes.byteLength);
    this.bytes().set(bytes, copy.address);
    pool.command("load", number, copy.address, bytes.byteLength);
    this.release(copy);
    return {
      number,
      start: () => {
        pool.command("run", number);
        entry(0);
      },
    };
  }

  #unload({ number, buffers }: LoadedProgram): void {
    this.#pool?.command("forget", number);
    for (const buffer of buffers) this.release(buffer);
  }

  close(): void {
    this.#pool?.close();
  }
}

interface LoadedProgram {
  readonly number: number;
  readonly buffers: readonly WasmBuffer[];
}

/** Makes the memory and starts the threads. */
export async function openMachine(options: MachineOptions): Promise<Machine> {
  if (!hasSimd()) {
    throw new BackendError(
      "wasm: this browser's WebAssembly has no SIMD, which every current browser has; update it, or use the cpu backend.",
    );
  }
  const relaxed = options.relaxedSimd ?? hasRelaxedSimd();
  const wanted = options.threads ?? (await availableProcessors());
  const against = wanted > 1 ? reasonAgainstThreads() : undefined;
  const pages = Math.min(mostPages, Math.ceil((options.maximumBytes ?? mostPages * 65536) / 65536));
  if (wanted > 1 && against === undefined) {
    try {
      const { memory, maximum } = makeMemory(pages, true);
      return new Machine(memory, maximum, await startThreads(memory, wanted - 1), relaxed, undefined);
    } catch (error) {
      return singleThreaded(pages, relaxed, (error as Error).message);
    }
  }
  return singleThreaded(pages, relaxed, against ?? "one thread was asked for");
}

function singleThreaded(pages: number, relaxed: boolean, reason: string): Machine {
  const { memory, maximum } = makeMemory(pages, false);
  return new Machine(memory, maximum, undefined, relaxed, reason);
}

/** A memory that may grow to `pages`, or to the most this engine reserves. */
function makeMemory(pages: number, shared: boolean): { memory: WebAssembly.Memory; maximum: number } {
  for (let maximum = pages; ; maximum = Math.ceil(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial: Math.min(256, maximum), maximum, shared }), maximum };
    } catch (error) {
      if (maximum <= 256) throw error;
    }
  }
}
