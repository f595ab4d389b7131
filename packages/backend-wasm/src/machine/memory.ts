/** The one memory that all buffers and all threads share. */
import { BackendError } from "@sconce/core";

export const pageBytes = 65536;
/** Pages in the 4 GiB that 32-bit addresses reach. */
const mostPages = 65536;
/** Pages to begin with. */
const firstPages = 256;

export interface GrowingMemory {
  readonly memory: WebAssembly.Memory;
  /** The pages it may grow to. */
  readonly maximum: number;
}

/** A memory that may grow to `maximumBytes`, or to the most that this engine reserves. */
export function makeMemory(maximumBytes: number, shared: boolean): GrowingMemory {
  for (let maximum = Math.min(mostPages, Math.ceil(maximumBytes / pageBytes)); ; maximum = Math.ceil(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial: Math.min(firstPages, maximum), maximum, shared }), maximum };
    } catch (cause) {
      if (maximum > firstPages) continue;
      throw new BackendError(`wasm: no memory to begin with: ${(cause as Error).message}`, { cause });
    }
  }
}
