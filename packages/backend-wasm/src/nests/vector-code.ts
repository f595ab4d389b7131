/**
 * The vector code of a nest: what is computed at each level of its loops, and what is done with the results, for one
 * vector at a time. Instructions are computed at the level of the innermost loop they depend on.
 */
import { type Accumulator, type Instruction, type LoopNest, stridesOf } from "@sconce/core";
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { i32x4, type V128 } from "../assembler/simd.ts";
import type { I32 } from "../assembler/values.ts";
import type { Frame } from "../kernels/kernel.ts";
import { addAcross, addTo, onlyCounted, startTotals } from "./accumulators.ts";
import { InstructionList, type Sources } from "./instructions.ts";
import { storeLanes } from "./lanes.ts";
import { Loads } from "./loads.ts";
import type { Pointed, Pointers } from "./pointers.ts";
import { levelsOf, type Schedule } from "./schedule.ts";
import type { Region, Scope } from "./scope.ts";

export class VectorCode {
  readonly #f: FunctionBuilder;
  readonly #nest: LoopNest;
  readonly #schedule: Schedule;
  readonly #accumulators: readonly Accumulator[];
  readonly #lists: Readonly<Record<Region, InstructionList>>;
  readonly #loads: Readonly<Record<Region, Loads>>;
  readonly #pointers: Pointers;
  readonly #stores: readonly Pointed[];
  readonly #turns: readonly I32[];

  /** `turns` will hold the present turn of each loop, by depth. */
  constructor(
    { f, module }: Frame,
    nest: LoopNest,
    schedule: Schedule,
    pointers: Pointers,
    turns: readonly I32[],
    inputs: readonly I32[],
    outputs: readonly I32[],
  ) {
    this.#f = f;
    this.#nest = nest;
    this.#schedule = schedule;
    this.#pointers = pointers;
    this.#turns = turns;
    this.#accumulators = nest.reduce?.accumulators ?? [];
    const dtypes = this.#accumulators.map(({ dtype }) => dtype);
    const valuesOf = (items: readonly { readonly value: number }[]): number[] => items.map(({ value }) => value);
    const list = (instructions: readonly Instruction[], results: readonly number[]): InstructionList =>
      new InstructionList(
        instructions,
        dtypes,
        results,
        module.relaxed,
        levelsOf(instructions, schedule.order, schedule.outputs),
      );
    this.#lists = {
      body: list(nest.body, valuesOf(nest.reduce ? this.#accumulators : nest.stores)),
      epilogue: list(nest.epilogue, nest.reduce ? valuesOf(nest.stores) : []),
    };
    const bases = inputs.map((input) => f.bind(input));
    this.#loads = {
      body: new Loads(nest.body, schedule, bases, pointers),
      epilogue: new Loads(nest.epilogue, schedule, bases, pointers),
    };
    this.#stores = nest.stores.map(({ dtype }, i) =>
      pointers.follow(`store ${i}`, f.bind(outputs[i]), dtype, 0, stridesOf(nest.shape)),
    );
  }

  /** Computes a region's instructions of one level. */
  compute(scope: Scope, region: Region, level: number): void {
    const sources: Sources = {
      load: (instruction, place, value) => this.#loads[region].load(scope, instruction, place, value),
      index: (axis) => this.#position(scope, axis),
      accumulator: (index) => scope.accumulators[index],
    };
    this.#lists[region].emit(scope.context, level, sources, scope[region]);
  }

  /** The positions of a scope's lanes along a loop. */
  #position({ first = 0, row = 0 }: Scope, loop: number): V128 {
    const { order, vector, tile } = this.#schedule;
    const depth = order.indexOf(loop);
    const turn = i32x4.splat(this.#turns[depth]);
    if (depth === vector) return i32x4.add(turn, this.#f.constant(i32x4.const(first, first + 1, first + 2, first + 3)));
    return depth === tile && row > 0 ? i32x4.add(turn, this.#f.constant(i32x4.const(row))) : turn;
  }

  /** What is done with the body's values. */
  finish(scope: Scope): void {
    if (!this.#nest.reduce) this.store(scope, "body");
    const { vector, outputs, lanes } = this.#schedule;
    const partial = vector >= outputs && scope.first !== undefined && scope.context.count < lanes;
    this.#accumulators.forEach((accumulator, i) => {
      const value = scope.body[accumulator.value] as V128;
      const counted = partial ? onlyCounted(scope.context, accumulator, value) : value;
      addTo(scope.context, scope.accumulators[i], accumulator, counted);
    });
  }

  /** Stores the region's results. */
  store({ context, first, row, ...values }: Scope, region: Region): void {
    const { wide, vector } = this.#schedule;
    this.#nest.stores.forEach(({ value, dtype }, i) => {
      const place = this.#pointers.place(this.#stores[i], first, row);
      storeLanes(
        context,
        dtype,
        wide,
        place,
        this.#stores[i].pointer.strides[vector] ?? 0,
        values[region][value] as V128,
      );
    });
  }

  /** Totals of nothing. */
  startTotals(): Local<"v128">[] {
    return startTotals(this.#f, this.#accumulators);
  }

  /** Makes the first totals those of all vectors and lanes. */
  joinTotals({ context }: Scope, totals: readonly (readonly Local<"v128">[])[]): void {
    this.#accumulators.forEach((accumulator, i) => {
      const [total, ...others] = totals.map((list) => list[i]);
      for (const other of others) addTo(context, total, accumulator, other);
      addAcross(context, total, accumulator, this.#schedule.wide);
    });
  }
}
