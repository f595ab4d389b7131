/**
 * The allocator of the one memory: best fit over a list of free ranges in address order, joined when neighbours meet.
 * All addresses are multiples of 64, the width of a cache line.
 */
import { BackendError } from "@sconce/core";
import { roundUp } from "../kernels/round-up.ts";
import { control } from "./control.ts";
import { pageBytes } from "./memory.ts";

const alignment = 64;
/** The memory grows by at least this many bytes at a time. */
const growth = 16 * 2 ** 20;

interface Range {
  address: number;
  bytes: number;
}

export class Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #maximumBytes: number;
  readonly #free: Range[] = [];
  #end: number;
  #used = 0;

  constructor(memory: WebAssembly.Memory, maximumPages: number) {
    this.#memory = memory;
    this.#maximumBytes = maximumPages * pageBytes;
    this.#end = memory.buffer.byteLength;
    // Vectors may be read a few bytes beyond an end: neither edge of the memory is ever handed out.
    this.#release({ address: control.end, bytes: this.#end - control.end - alignment });
  }

  /** The address of `byteLength` free bytes. */
  allocate(byteLength: number): number {
    const bytes = rounded(byteLength);
    let best = this.#bestFit(bytes);
    if (best < 0) {
      this.#grow(bytes, byteLength);
      best = this.#bestFit(bytes);
    }
    const range = this.#free[best];
    const { address } = range;
    range.address += bytes;
    range.bytes -= bytes;
    if (range.bytes === 0) this.#free.splice(best, 1);
    this.#used += bytes;
    return address;
  }

  /** Gives back what `allocate` gave for the same length. */
  release(address: number, byteLength: number): void {
    const bytes = rounded(byteLength);
    this.#used -= bytes;
    this.#release({ address, bytes });
  }

  #bestFit(bytes: number): number {
    let best = -1;
    this.#free.forEach((range, i) => {
      if (range.bytes >= bytes && (best < 0 || range.bytes < this.#free[best].bytes)) best = i;
    });
    return best;
  }

  #grow(bytes: number, asked: number): void {
    const last = this.#free[this.#free.length - 1];
    const tail = last && last.address + last.bytes === this.#end - alignment ? last.bytes : 0;
    const needed = bytes - tail;
    const room = this.#maximumBytes - this.#end;
    const wanted = Math.min(Math.max(needed, growth), room);
    try {
      if (wanted < needed) throw new RangeError("beyond the limit");
      this.#memory.grow(Math.ceil(wanted / pageBytes));
    } catch (cause) {
      throw new BackendError(
        `wasm: out of memory: ${asked} more bytes were asked for with ${this.#used} in use, and the memory may hold ${this.#maximumBytes}. ` +
          "Use a smaller batch, dispose of results that are no longer needed, or checkpoint(...) parts of the model.",
        { cause },
      );
    }
    const from = this.#end - alignment;
    this.#end = this.#memory.buffer.byteLength;
    this.#release({ address: from, bytes: this.#end - alignment - from });
  }

  #release(range: Range): void {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#free[middle].address < range.address) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    const joinsBefore = before && before.address + before.bytes === range.address;
    const joinsAfter = after && range.address + range.bytes === after.address;
    if (joinsBefore && joinsAfter) {
      before.bytes += range.bytes + after.bytes;
      this.#free.splice(low, 1);
    } else if (joinsBefore) before.bytes += range.bytes;
    else if (joinsAfter) {
      after.address = range.address;
      after.bytes += range.bytes;
    } else this.#free.splice(low, 0, { ...range });
  }
}

function rounded(byteLength: number): number {
  return roundUp(Math.max(1, byteLength), alignment);
}
