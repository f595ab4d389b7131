/** A buffer with a value in it, owned by whoever holds this object. */
import type { Variable } from "../variable.ts";
import type { Runtime } from "./runtime.ts";

export class Storage {
  readonly runtime: Runtime;
  readonly buffer: unknown;
  readonly byteLength: number;
  /** The variable whose value this is. */
  owner: Variable | undefined;
  /** Whether several tensors have this value, so that only the collector knows when the last is gone. */
  shared = false;
  #released = false;

  constructor(runtime: Runtime, buffer: unknown, byteLength: number) {
    this.runtime = runtime;
    this.buffer = buffer;
    this.byteLength = byteLength;
    runtime.memory.track(this);
  }

  get released(): boolean {
    return this.#released;
  }

  /** Gives the buffer back at once, instead of when the collector finds it. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.runtime.memory.untrack(this);
    this.runtime.memory.release(this.buffer, this.byteLength);
  }
}
