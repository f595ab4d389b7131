/** A Program with its kernels compiled and its buffers bound: what runs. */
import type { Kernel, Replay, Routine, Step } from "../backend/backend.ts";
import type { Program, ProgramNode } from "../compiler/program.ts";
import { bytesPerElement, viewArray } from "../dtype.ts";
import { BackendError } from "../errors.ts";
import type { HostArray } from "../host-array.ts";
import { sizeOf } from "../shape.ts";
import type { MaybePromise } from "./maybe-promise.ts";
import { activeProfile } from "./profile.ts";
import type { Runtime } from "./runtime.ts";

/** A place in a step's buffers that a source or an output of the run must fill. */
interface Binding {
  readonly buffers: unknown[];
  readonly at: number;
  readonly position: number;
}

/** Returns retained slots when a program is collected. */
const slotFinalizer = new FinalizationRegistry<{ runtime: Runtime; slots: readonly number[]; buffers: unknown[] }>(
  ({ runtime, slots, buffers }) => {
    buffers.forEach((buffer, slot) => {
      runtime.memory.release(buffer, slots[slot]);
    });
  },
);

export class Executable {
  readonly program: Program;
  readonly #runtime: Runtime;
  readonly #steps: (Step | Routine)[];
  readonly #buffers: { readonly inputs: unknown[]; readonly outputs: unknown[] }[];
  readonly #sources: Binding[] = [];
  readonly #outputs: Binding[] = [];
  readonly #slotPlaces: Binding[] = [];
  readonly #retained: boolean;
  readonly #recordable: boolean;
  #slots: unknown[] | undefined;
  #replay: Replay | undefined;

  constructor(program: Program, kernels: readonly (Kernel | undefined)[], runtime: Runtime, retained: boolean) {
    this.program = program;
    this.#runtime = runtime;
    this.#retained = retained;
    this.#buffers = program.nodes.map((node) => ({
      inputs: this.#bind(node.inputs),
      outputs: this.#bind(node.outputs),
    }));
    this.#steps = program.nodes.map((node, i): Step | Routine => {
      if (node.work.kind === "routine") return node.work.routine;
      return { kernel: kernels[i] as Kernel, ...this.#buffers[i] };
    });
    this.#recordable = retained && !this.#steps.some((step) => typeof step === "function");
  }

  #bind(values: readonly number[]): unknown[] {
    const buffers = new Array<unknown>(values.length);
    values.forEach((value, at) => {
      const { home } = this.program.values[value];
      if (home.kind === "source") this.#sources.push({ buffers, at, position: home.position });
      else if (home.kind === "output") this.#outputs.push({ buffers, at, position: home.position });
      else this.#slotPlaces.push({ buffers, at, position: home.slot });
    });
    return buffers;
  }

  /** Runs every step; the buffers of sources and outputs are the caller's. */
  run(sources: readonly unknown[], outputs: readonly unknown[]): MaybePromise<void> {
    fill(this.#sources, sources);
    fill(this.#outputs, outputs);
    let finished: MaybePromise<void>;
    try {
      this.#takeSlots();
      finished = this.#start();
    } catch (error) {
      this.#settle();
      throw error;
    }
    if (finished instanceof Promise) return finished.finally(() => this.#settle());
    this.#settle();
  }

  #start(): MaybePromise<void> {
    const { backend } = this.#runtime;
    if (!this.#recordable || !backend.record || activeProfile()) return this.#runFrom(0);
    this.#replay ??= backend.record(this.#steps as Step[]);
    return this.#replay.run();
  }

  /** A program that is only kept in case it runs again holds no memory meanwhile, neither its slots nor anyone's values. */
  #settle(): void {
    if (this.#retained) return;
    this.#releaseSlots();
    for (const bindings of [this.#sources, this.#outputs, this.#slotPlaces]) fill(bindings, []);
  }

  #runFrom(first: number): MaybePromise<void> {
    const profile = activeProfile();
    const steps = this.#steps;
    for (let i = first; i < steps.length; i++) {
      const step = steps[i];
      if (typeof step === "function") {
        const waiting = this.#runRoutine(this.program.nodes[i], step, this.#buffers[i]);
        if (waiting) return waiting.then(() => this.#runFrom(i + 1));
      } else if (profile) {
        const { backend } = this.#runtime;
        const [started, compiledBefore] = [performance.now(), backend.compileTime?.() ?? 0];
        const finish = (measured?: number): void => {
          const compiling = (backend.compileTime?.() ?? 0) - compiledBefore;
          profile.add(this.program, i, measured ?? performance.now() - started - compiling, compiling);
        };
        const run = (): void => step.kernel.run(step.inputs, step.outputs);
        if (!backend.timed) run();
        const waiting = backend.timed ? backend.timed(run) : backend.finish?.();
        if (waiting) {
          return waiting.then((measured) => {
            finish(measured ?? undefined);
            return this.#runFrom(i + 1);
          });
        }
        finish();
      } else {
        step.kernel.run(step.inputs, step.outputs);
      }
    }
    return undefined;
  }

  /** Reads the inputs, runs on the host, and writes the result back. */
  #runRoutine(
    node: ProgramNode,
    routine: Routine,
    buffers: { inputs: unknown[]; outputs: unknown[] },
  ): Promise<void> | undefined {
    const { backend } = this.#runtime;
    const finish = (bytes: readonly ArrayBuffer[]): void => {
      const arrays = bytes.map((buffer, i): HostArray => {
        const { shape, dtype } = this.program.values[node.inputs[i]];
        return { shape, dtype, data: viewArray(dtype, buffer, 0, sizeOf(shape)) };
      });
      backend.write(buffers.outputs[0], routine(arrays).data);
    };
    const lengths = node.inputs.map((value) => {
      const { shape, dtype } = this.program.values[value];
      return sizeOf(shape) * bytesPerElement(dtype);
    });
    if (backend.readSync) {
      finish(buffers.inputs.map((buffer, i) => backend.readSync?.(buffer, lengths[i]) as ArrayBuffer));
      return undefined;
    }
    return Promise.all(buffers.inputs.map((buffer, i) => backend.read(buffer, lengths[i]))).then(finish);
  }

  #takeSlots(): void {
    if (this.#slots) return;
    const sizes = this.program.slots;
    const slots: unknown[] = [];
    this.#slots = slots;
    try {
      for (const bytes of sizes) slots.push(this.#runtime.memory.allocate(bytes));
    } catch (error) {
      this.#releaseSlots();
      if (!(error instanceof BackendError)) throw error;
      const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
      throw new BackendError(
        `${error.message} The program needs ${total} bytes in all for what it computes in between.`,
        {
          cause: error,
        },
      );
    }
    fill(this.#slotPlaces, slots);
    if (this.#retained) slotFinalizer.register(this, { runtime: this.#runtime, slots: sizes, buffers: slots }, this);
  }

  #releaseSlots(): void {
    this.#slots?.forEach((buffer, slot) => {
      this.#runtime.memory.release(buffer, this.program.slots[slot]);
    });
    this.#slots = undefined;
  }

  /** Frees the slots now instead of when the program is collected. */
  dispose(): void {
    slotFinalizer.unregister(this);
    this.#releaseSlots();
    this.#replay = undefined;
  }
}

function fill(bindings: readonly Binding[], buffers: readonly unknown[]): void {
  for (const { buffers: target, at, position } of bindings) target[at] = buffers[position];
}
