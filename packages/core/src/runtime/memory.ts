/**
 * Buffers of one backend: counted, and kept for reuse by size.
 *
 * Training repeats the same sizes, so a released buffer goes to a pool and the next request of its size takes it. The
 * pool holds at most as many bytes as are live (and at least 64 MiB), then buffers go back to the backend, as they all
 * do when the backend has no room left. Values that nobody disposes are released when the collector finds their Storage;
 * past the byte budget, `relieve` lets it run.
 */
import type { Backend } from "../backend/backend.ts";
import type { Storage } from "./storage.ts";

const poolFloor = 64 * 2 ** 20;
/** Bytes by which undisposed values may grow before the next run waits for the collector. */
const budget = 256 * 2 ** 20;

/** Bytes and buffers of a backend, as counted by core. */
export interface MemoryUse {
  /** Bytes in live buffers: values, variables and the slots of programs. */
  readonly bytes: number;
  readonly buffers: number;
  /** The largest value `bytes` has had. */
  readonly peakBytes: number;
  /** Released bytes kept for reuse. */
  readonly pooledBytes: number;
}

interface Held {
  readonly buffer: unknown;
  readonly byteLength: number;
}

export class Memory {
  readonly #backend: Backend;
  readonly #pool = new Map<number, unknown[]>();
  readonly #finalizer: FinalizationRegistry<Held>;
  #bytes = 0;
  #buffers = 0;
  #peakBytes = 0;
  #pooledBytes = 0;
  #tracked = 0;
  #pauseAt = budget;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#finalizer = new FinalizationRegistry((held) => {
      this.#tracked -= held.byteLength;
      this.release(held.buffer, held.byteLength);
    });
  }

  use(): MemoryUse {
    return { bytes: this.#bytes, buffers: this.#buffers, peakBytes: this.#peakBytes, pooledBytes: this.#pooledBytes };
  }

  allocate(byteLength: number): unknown {
    const pooled = this.#pool.get(byteLength)?.pop();
    if (pooled !== undefined) this.#pooledBytes -= byteLength;
    const buffer = pooled ?? this.#request(byteLength);
    this.#bytes += byteLength;
    this.#buffers++;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return buffer;
  }

  /** A new buffer; where there is no room, once more without the pool. */
  #request(byteLength: number): unknown {
    try {
      return this.#backend.allocate(byteLength);
    } catch (error) {
      if (this.#pooledBytes === 0) throw error;
      for (const buffers of this.#pool.values()) for (const buffer of buffers) this.#backend.release(buffer);
      this.#pool.clear();
      this.#pooledBytes = 0;
      return this.#backend.allocate(byteLength);
    }
  }

  release(buffer: unknown, byteLength: number): void {
    this.#bytes -= byteLength;
    this.#buffers--;
    if (this.#pooledBytes + byteLength > Math.max(poolFloor, this.#bytes)) {
      this.#backend.release(buffer);
      return;
    }
    const list = this.#pool.get(byteLength);
    if (list) list.push(buffer);
    else this.#pool.set(byteLength, [buffer]);
    this.#pooledBytes += byteLength;
  }

  track(storage: Storage): void {
    this.#tracked += storage.byteLength;
    this.#finalizer.register(storage, { buffer: storage.buffer, byteLength: storage.byteLength }, storage);
  }

  untrack(storage: Storage): void {
    this.#tracked -= storage.byteLength;
    this.#finalizer.unregister(storage);
  }

  /** Pauses for the collector when the bytes of values have grown by the budget since the last pause. */
  relieve(): void | Promise<void> {
    if (this.#tracked < this.#pauseAt) return;
    return new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => {
      this.#pauseAt = this.#tracked + budget;
    });
  }
}
