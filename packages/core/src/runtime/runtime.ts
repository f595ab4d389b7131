/** What core keeps per opened backend: its buffers, its compiled kernels and programs, and the order of its work. */
import type { Backend, Kernel, OpRequest } from "../backend/backend.ts";
import type { LoopNest } from "../backend/loop-nest.ts";
import { compileCapture, type OutputRole } from "../compiler/compile.ts";
import { attributesKey, type Capture } from "../compiler/graph.ts";
import { Executable } from "./executable.ts";
import { all, chain, type MaybePromise } from "./maybe-promise.ts";
import { Memory } from "./memory.ts";

/** Programs of code outside `compile` that are kept for the next turn of a loop. */
const keptPrograms = 256;
/** Compiled kernels that are kept for other programs; the oldest go first. */
const keptKernels = 8192;

export class Runtime {
  readonly backend: Backend;
  readonly memory: Memory;
  readonly #kernels = new Map<string, MaybePromise<Kernel>>();
  readonly #claims = new Map<string, MaybePromise<Kernel> | undefined>();
  readonly #programs = new Map<string, Executable>();
  readonly #inFlight: Promise<void>[] = [];
  #tail: Promise<unknown> | undefined;

  constructor(backend: Backend) {
    this.backend = backend;
    this.memory = new Memory(backend);
  }

  /** Runs `task` after all earlier ones; at once when none is under way. */
  enqueue<Result>(task: () => MaybePromise<Result>): MaybePromise<Result> {
    const result = this.#tail ? this.#tail.then(task) : task();
    if (!(result instanceof Promise)) return result;
    const settled: Promise<unknown> = result.then(
      () => {},
      () => {},
    );
    const tail: Promise<unknown> = settled.then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return result;
  }

  /** Whether earlier work is still under way. */
  get busy(): boolean {
    return this.#tail !== undefined;
  }

  /** Lets at most two runs be in flight, and the collector run when values fill the budget. */
  throttle(): MaybePromise<void> {
    // A step may have submitted several runs; they finish in order.
    const previous = this.#inFlight.splice(0, this.#inFlight.length - 1).at(-1);
    return chain<void, void>(previous, () => this.memory.relieve());
  }

  /** Notes that a run has been submitted. */
  submitted(): void {
    const finished = this.backend.finish?.();
    if (!finished) return;
    finished.catch(() => {});
    this.#inFlight.push(finished);
  }

  /** The program of code outside `compile`, made on its first turn. */
  program(capture: Capture): MaybePromise<Executable> {
    const known = this.#programs.get(capture.key);
    if (known) {
      this.#programs.delete(capture.key);
      this.#programs.set(capture.key, known);
      return known;
    }
    return chain(this.compile(capture, [], false), (executable) => {
      this.#programs.set(capture.key, executable);
      if (this.#programs.size > keptPrograms) this.#programs.delete(this.#programs.keys().next().value as string);
      return executable;
    });
  }

  /** Compiles a capture; `retained` keeps its slots between runs. */
  compile(capture: Capture, roles: readonly OutputRole[], retained: boolean): MaybePromise<Executable> {
    const program = compileCapture(capture, roles, this.backend, (request) => this.#claim(request));
    const kernels = program.nodes.map(({ work }): MaybePromise<Kernel | undefined> => {
      if (work.kind === "nest") return this.#kernel(work.nest);
      return work.kind === "claim" ? work.kernel : undefined;
    });
    return chain(all(kernels), (ready) => new Executable({ ...program, kernels: ready }, ready, this, retained));
  }

  #kernel(nest: LoopNest): MaybePromise<Kernel> {
    return remember(this.#kernels, attributesKey(nest), () => this.backend.compile(nest));
  }

  #claim(request: OpRequest): MaybePromise<Kernel> | undefined {
    const { backend } = this;
    return backend.claim && remember(this.#claims, attributesKey(request), () => backend.claim?.(request));
  }
}

/** What was made for a key before; a promise gives way to its kernel, and one that fails is forgotten. */
function remember<Made extends MaybePromise<Kernel> | undefined>(
  map: Map<string, Made | Kernel>,
  key: string,
  make: () => Made,
): Made | Kernel {
  if (map.has(key)) return map.get(key) as Made | Kernel;
  const made = make();
  if (map.size >= keptKernels) map.delete(map.keys().next().value as string);
  map.set(key, made);
  if (made instanceof Promise) {
    made.then(
      (ready) => map.set(key, ready),
      () => map.delete(key),
    );
  }
  return made;
}

const runtimes = new WeakMap<Backend, Runtime>();

/** The runtime of an opened backend. */
export function runtimeOf(backend: Backend): Runtime {
  let runtime = runtimes.get(backend);
  if (!runtime) {
    runtime = new Runtime(backend);
    runtimes.set(backend, runtime);
  }
  return runtime;
}
