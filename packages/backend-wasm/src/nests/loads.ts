/**
 * The loads of one instruction list. What the vector loop strides by decides how: one element spread over the lanes,
 * neighbours, or an element per lane; in a tile, vectors along the tile loop that are transposed. A load whose guard is
 * false reads the start of its input instead, and the mask clears the lanes.
 */
import { bytesPerElement, type Instruction } from "@sconce/core";
import { i32x4, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32, select } from "../assembler/values.ts";
import { laneMask, transposed } from "../kernels/vectors.ts";
import type { LoadInstruction } from "./instructions.ts";
import { isNear, loadLanes, loadNear, loadSplat, maskFor, moved, type Place } from "./lanes.ts";
import type { Pointed, Pointers } from "./pointers.ts";
import { type Schedule, stepsAlong } from "./schedule.ts";
import type { Scope } from "./scope.ts";

export class Loads {
  readonly #schedule: Schedule;
  readonly #inputs: readonly I32[];
  readonly #pointers: Pointers;
  readonly #pointed: readonly (Pointed | undefined)[];
  readonly #steps: readonly (number | undefined)[];
  /** The rows of the tile that a load has just read. */
  readonly #tiles = new Map<number, readonly V128[]>();

  /** `inputs` are variables that hold the addresses of the nest's inputs. */
  constructor(list: readonly Instruction[], schedule: Schedule, inputs: readonly I32[], pointers: Pointers) {
    this.#schedule = schedule;
    this.#inputs = inputs;
    this.#pointers = pointers;
    this.#pointed = list.map((load) => {
      if (load.kind !== "load" || load.access.kind === "computed") return undefined;
      const { offset, strides } = load.access;
      // A guarded load may stride outside its input, which the others rely on not to happen.
      const key = `${load.input}${load.guard === undefined ? "" : " guarded"}`;
      return pointers.follow(key, inputs[load.input], load.dtype, offset, strides);
    });
    this.#steps = stepsAlong(list, schedule.order[schedule.vector]);
  }

  /** The lanes of the load at `place` of the list; `value` gives those of earlier instructions. */
  load(scope: Scope, instruction: LoadInstruction, place: number, value: (place: number) => V128): V128 {
    const { dtype, guard } = instruction;
    const { f, count } = scope.context;
    if (guard === undefined) return this.#lanes(scope, instruction, place, value, undefined);
    const given = value(guard);
    const mask = f.bind(count < 4 ? v128.and(given, laneMask(f, count)) : given);
    const lanes = this.#lanes(scope, instruction, place, value, mask);
    return v128.and(lanes, maskFor(dtype, scope.first === undefined ? f.bind(given) : mask));
  }

  #lanes(
    scope: Scope,
    { input, dtype, access }: LoadInstruction,
    at: number,
    value: (place: number) => V128,
    mask: V128 | undefined,
  ): V128 {
    const { context, first, row } = scope;
    const { f } = context;
    const { wide, vector, tile } = this.#schedule;
    const bytes = bytesPerElement(dtype);
    const base = this.#inputs[input];
    const safe = ([pointer, offset]: Place, condition: I32 | undefined): Place =>
      condition ? [select(i32.add(pointer, offset), base, condition), 0] : [pointer, offset];
    const together = (step: number, place: Place): V128 => {
      const from = safe(place, mask && v128.any_true(mask));
      return step === 0 ? loadSplat(context, dtype, from) : loadNear(context, dtype, wide, step, from);
    };
    if (access.kind === "computed") {
      const step = first === undefined ? 0 : this.#steps[access.index];
      const element = (index: I32): Place => [i32.add(base, i32.mul(index, bytes)), 0];
      if (step === 0 || step === 1) return together(step, element(i32x4.extract(value(access.index), 0)));
      const index = f.bind(mask ? v128.and(value(access.index), mask) : value(access.index));
      return loadLanes(context, dtype, (lane) => element(i32x4.extract(index, lane)));
    }
    const pointed = this.#pointed[at] as Pointed;
    const { strides } = pointed.pointer;
    const stride = first === undefined ? 0 : strides[vector];
    const place = this.#pointers.place(pointed, first, row);
    if (row !== undefined && strides[tile] === bytes && stride !== 0 && stride !== bytes && !mask) {
      if (row === 0) {
        const columns = [0, 1, 2, 3].map((lane) =>
          loadNear(context, dtype, wide, 1, moved(place, Math.min(lane, context.count - 1) * stride)),
        );
        this.#tiles.set(at, transposed(f, columns));
      }
      return (this.#tiles.get(at) as readonly V128[])[row];
    }
    if (stride === 0 || isNear(dtype, wide, stride / bytes)) return together(stride / bytes, place);
    return loadLanes(context, dtype, (lane) => safe(moved(place, lane * stride), mask && i32x4.extract(mask, lane)));
  }
}
