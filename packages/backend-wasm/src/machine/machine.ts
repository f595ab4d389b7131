/** The machine that kernels run on: one memory, its heap, its threads, and the modules linked for it. */
import { BackendError } from "@sconce/core";
import { argumentWords, type KernelCode, type Target } from "../kernels/kernel.ts";
import { explain } from "./failure.ts";
import { Heap } from "./heap.ts";
import { hostFunctions } from "./host-functions.ts";
import { type Entry, type HostImports, instantiate } from "./instance.ts";
import { type LinkedStep, link } from "./link.ts";
import type { GrowingMemory } from "./memory.ts";
import type { ThreadPool } from "./thread-pool.ts";
import { callerMayWait } from "./threads.ts";

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

/** A program's number, and what is to be given back with it. */
interface LoadedProgram {
  readonly number: number;
  readonly buffers: WasmBuffer[];
  /** The workers that have it as well. */
  pool?: ThreadPool;
}

/** What a machine holds until it is closed. */
interface Parts {
  readonly memory: WebAssembly.Memory;
  readonly maximumPages: number;
  readonly heap: Heap;
  readonly pool: ThreadPool | undefined;
  readonly host: HostImports;
}

/** Ends the threads of machines that nobody closed. */
const abandonedPools = new FinalizationRegistry<ThreadPool>((pool) => pool.close());

export class Machine {
  readonly target: Target;
  /** Why there are not more threads. */
  readonly threadsReason: string | undefined;
  readonly #entries = new Map<number, Entry>();
  readonly #finalizer = new FinalizationRegistry<LoadedProgram>((program) => this.#unload(program));
  #parts: Parts | undefined;
  #programs = 0;
  #bytes = new Uint8Array(0);
  #words = new Uint32Array(0);
  #compileTime = 0;

  constructor(
    { memory, maximum }: GrowingMemory,
    pool: ThreadPool | undefined,
    relaxed: boolean,
    threadsReason?: string,
  ) {
    const callerWaits = callerMayWait() ? 1 : 0;
    const host = { ...hostFunctions(), memory, mayWait: () => callerWaits };
    this.#parts = { memory, maximumPages: maximum, heap: new Heap(memory, maximum), pool, host };
    this.target = { threads: 1 + (pool?.size ?? 0), relaxed };
    this.threadsReason = threadsReason;
    if (pool) abandonedPools.register(this, pool);
  }

  get #open(): Parts {
    if (!this.#parts) throw new BackendError("wasm: this backend is closed; open another one with openWasm().");
    return this.#parts;
  }

  /** Milliseconds spent so far on assembling and compiling modules. */
  get compileTime(): number {
    return this.#compileTime;
  }

  allocate(byteLength: number): WasmBuffer {
    return { address: this.#open.heap.allocate(byteLength), byteLength };
  }

  release({ address, byteLength }: WasmBuffer): void {
    this.#parts?.heap.release(address, byteLength);
  }

  /** The whole memory as bytes; ask again after anything was allocated. */
  bytes(): Uint8Array {
    const { buffer } = this.#open.memory;
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#words = new Uint32Array(buffer);
    }
    return this.#bytes;
  }

  /** The whole memory as 32-bit words, for argument lists. */
  #wordView(): Uint32Array {
    this.bytes();
    return this.#words;
  }

  /** Links the kernels into one module; the function returned runs it on the buffers that the arrays hold by then. */
  program(steps: readonly BoundKernel[]): () => void {
    const started = performance.now();
    const loaded: LoadedProgram = { number: this.#programs++, buffers: [] };
    try {
      const run = this.#load(loaded, steps);
      this.#finalizer.register(run, loaded);
      return run;
    } catch (cause) {
      this.#unload(loaded);
      throw failure(`a program of ${steps.length} kernels could not be made`, cause);
    } finally {
      this.#compileTime += performance.now() - started;
    }
  }

  #load(loaded: LoadedProgram, steps: readonly BoundKernel[]): () => void {
    const { number, buffers } = loaded;
    const { maximumPages, host, pool } = this.#open;
    const reserve = (byteLength: number): WasmBuffer => {
      const buffer = this.allocate(byteLength);
      buffers.push(buffer);
      return buffer;
    };
    const argumentList = reserve(4 * steps.reduce((sum, { code }) => sum + argumentWords(code), 0));
    const scratch = reserve(Math.max(0, ...steps.map(({ code }) => code.scratchBytes)));
    const words = this.#wordView();
    let address = argumentList.address;
    const linked = steps.map(({ code }): LinkedStep => {
      const step = { kernel: code, address };
      address += 4 * argumentWords(code);
      words[address / 4 - 1] = scratch.address;
      return step;
    });
    const { bytes, shared } = link(linked, { shared: pool !== undefined, maximum: maximumPages }, this.target);
    this.#entries.set(number, instantiate(bytes, host));
    if (shared) this.#send(loaded, bytes);
    return () => {
      this.#writeArguments(argumentList, steps);
      const entry = this.#entries.get(number) as Entry;
      try {
        if (loaded.pool) loaded.pool.run(number, entry);
        else entry(0);
      } catch (cause) {
        throw failure("a kernel stopped, and its results are lost", cause);
      }
    };
  }

  /** Has the workers compile a module as well. */
  #send(loaded: LoadedProgram, bytes: Uint8Array): void {
    const copy = this.allocate(bytes.byteLength);
    try {
      this.bytes().set(bytes, copy.address);
      loaded.pool = this.#open.pool;
      loaded.pool?.load(loaded.number, copy.address, bytes.byteLength);
    } finally {
      this.release(copy);
    }
  }

  #writeArguments({ address }: WasmBuffer, steps: readonly BoundKernel[]): void {
    const words = this.#wordView();
    let at = address / 4;
    for (const { inputs, outputs } of steps) {
      for (let i = 0; i < inputs.length; i++) words[at++] = inputs[i].address;
      for (let i = 0; i < outputs.length; i++) words[at++] = outputs[i].address;
      at++;
    }
  }

  #unload({ number, buffers, pool }: LoadedProgram): void {
    if (!this.#parts) return;
    this.#entries.delete(number);
    pool?.forget(number);
    for (const buffer of buffers) this.release(buffer);
  }

  /** Ends the threads and lets the memory go; harmless when done before. */
  async close(): Promise<void> {
    const pool = this.#parts?.pool;
    this.#parts = undefined;
    this.#entries.clear();
    this.#bytes = new Uint8Array(0);
    this.#words = new Uint32Array(0);
    await pool?.close();
  }
}

/** An error that says what went wrong and why. */
function failure(what: string, cause: unknown): BackendError {
  return cause instanceof BackendError ? cause : new BackendError(`wasm: ${what}: ${explain(cause)}`, { cause });
}
