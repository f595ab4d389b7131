/**
 * The addresses of a nest's affine loads and of its stores. Every way of striding through a buffer has a local that the
 * loops move by constants; accesses that stride alike share it, each at a constant distance.
 */
import { bytesPerElement, type DType } from "@sconce/core";
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { type I32, i32 } from "../assembler/values.ts";
import { moved, type Place } from "./lanes.ts";
import type { Schedule } from "./schedule.ts";

interface Pointer {
  readonly local: Local<"i32">;
  readonly base: I32;
  /** Bytes from the base when all loops are at 0. */
  start: number;
  /** Bytes per turn, by depth. */
  readonly strides: readonly number[];
  /** Bytes that the loops from each depth inwards have moved it once they are through. */
  readonly travels: readonly number[];
  /** Bytes that it should have moved, in code without a loop. */
  pending: number;
}

/** An access: a pointer and a distance from it in bytes. */
export interface Pointed {
  readonly pointer: Pick<Pointer, "local" | "strides">;
  readonly start: number;
}

export class Pointers {
  readonly #f: FunctionBuilder;
  readonly #schedule: Schedule;
  readonly #pointers = new Map<string, Pointer>();

  constructor(f: FunctionBuilder, schedule: Schedule) {
    this.#f = f;
    this.#schedule = schedule;
  }

  /** An access with these element strides by loop; only accesses with equal keys share pointers. */
  follow(key: string, base: I32, dtype: DType, offset: number, strides: readonly number[]): Pointed {
    const bytes = bytesPerElement(dtype);
    const byDepth = this.#schedule.order.map((loop) => (strides[loop] ?? 0) * bytes);
    const start = offset * bytes;
    const whole = `${key}:${byDepth.join()}`;
    let pointer = this.#pointers.get(whole);
    if (!pointer) {
      const travels = this.#travels(byDepth);
      pointer = { local: this.#f.local("i32"), base, start, strides: byDepth, travels, pending: 0 };
      // What no loop moves may be needed before any of them.
      if (byDepth.every((stride) => stride === 0)) this.#f.set(pointer.local, i32.add(base, start));
      else this.#pointers.set(whole, pointer);
    }
    pointer.start = Math.min(pointer.start, start);
    return { pointer, start };
  }

  /** The vector loop moves pointers by whole blocks only. */
  #travels(strides: readonly number[]): number[] {
    const { extents, vector, lanes, unroll } = this.#schedule;
    return extents.map((extent, depth) => {
      const turns = depth === vector ? extent - (extent % (lanes * unroll)) : extent;
      return turns * strides[depth];
    });
  }

  /** Where an access is now, in the vector `first` elements into its block and `row` turns into its tile. */
  place({ pointer, start }: Pointed, first = 0, row = 0): Place {
    const { vector, tile } = this.#schedule;
    const { local, strides, start: own, pending } = pointer as Pointer;
    return moved([local, start - own + pending], first * (strides[vector] ?? 0) + row * (strides[tile] ?? 0));
  }

  /** Sets out from the given turns of the outermost loops. */
  begin(turns: readonly I32[]): void {
    for (const pointer of this.#pointers.values()) {
      const address = turns.reduce(
        (sum, turn, depth) => i32.add(sum, i32.mul(turn, pointer.strides[depth])),
        i32.add(pointer.base, pointer.start),
      );
      this.#f.set(pointer.local, address);
      pointer.pending = 0;
    }
  }

  /** After `turns` turns of the loop at `depth`, and all of those inside it. */
  advance(depth: number, turns: number): void {
    for (const pointer of this.#pointers.values()) {
      pointer.pending += turns * pointer.strides[depth] - (pointer.travels[depth + 1] ?? 0);
    }
  }

  /** Moves the pointers by what is pending; every turn of a loop must begin and end so. */
  settle(): void {
    for (const pointer of this.#pointers.values()) {
      this.#f.increase(pointer.local, pointer.pending);
      pointer.pending = 0;
    }
  }
}
