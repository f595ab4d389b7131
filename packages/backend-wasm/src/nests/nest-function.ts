/**
 * The function of a nest: its loops, opened in the order of the schedule, around vector code.
 *
 * Instructions are computed at the level of the innermost loop they depend on. Outside the vector loop a value is the
 * same in all lanes; inside it, several vectors go side by side, and the last ones hold fewer elements where the extent
 * is no multiple. While code is written, `#scopes` are the vectors that exist at that point.
 */
import { type Accumulator, type Instruction, type LoopNest, stridesOf } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { i32x4, type V128 } from "../assembler/simd.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Frame } from "../kernels/kernel.ts";
import { addAcross, addTo, onlyCounted, startTotals } from "./accumulators.ts";
import { InstructionList, type Sources } from "./instructions.ts";
import { storeLanes } from "./lanes.ts";
import { Loads } from "./loads.ts";
import { type Pointed, Pointers } from "./pointers.ts";
import { levelsOf, type Schedule } from "./schedule.ts";
import { innerScope, outermostScope, type Region, type Scope } from "./scope.ts";

/** Short loops with at most this many instructions in all are written out. */
const mostWrittenOut = 128;

/** Writes the function; `inputs` and `outputs` are the byte addresses of what the nest reads and stores. */
export function emitNest(
  frame: Frame,
  nest: LoopNest,
  schedule: Schedule,
  inputs: readonly I32[],
  outputs: readonly I32[],
): void {
  new NestFunction(frame, nest, schedule, inputs, outputs).emit();
}

class NestFunction {
  readonly #frame: Frame;
  readonly #f: FunctionBuilder;
  readonly #nest: LoopNest;
  readonly #schedule: Schedule;
  readonly #accumulators: readonly Accumulator[];
  readonly #lists: Readonly<Record<Region, InstructionList>>;
  readonly #loads: Readonly<Record<Region, Loads>>;
  readonly #pointers: Pointers;
  readonly #stores: readonly Pointed[];
  /** The present turn of each loop, by depth. */
  readonly #turns: I32[] = [];
  #scopes: readonly Scope[];

  constructor(frame: Frame, nest: LoopNest, schedule: Schedule, inputs: readonly I32[], outputs: readonly I32[]) {
    const { f, module } = frame;
    this.#frame = frame;
    this.#f = f;
    this.#nest = nest;
    this.#schedule = schedule;
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
    const pointers = new Pointers(f, schedule);
    this.#pointers = pointers;
    this.#loads = {
      body: new Loads(nest.body, schedule, bases, pointers),
      epilogue: new Loads(nest.epilogue, schedule, bases, pointers),
    };
    this.#stores = nest.stores.map(({ dtype }, i) =>
      pointers.follow(`store ${i}`, f.bind(outputs[i]), dtype, 0, stridesOf(nest.shape)),
    );
    this.#scopes = [outermostScope(module, f)];
  }

  emit(): void {
    const { cut, chunk, extents, outputs } = this.#schedule;
    const f = this.#f;
    const { first, last } = this.#frame;
    const chunked = outputs > 0 && chunk < extents[cut];
    this.#enter(0);
    f.range(first, last, 1, (unit) => {
      const rest = f.index(unit);
      const sizes = extents.slice(0, cut);
      if (chunked) sizes.push(Math.ceil(extents[cut] / chunk));
      for (let depth = sizes.length - 1; depth >= 0; depth--) {
        this.#turns[depth] = f.index(depth > 0 ? i32.rem_u(rest, sizes[depth]) : rest);
        if (depth > 0) f.set(rest, i32.div_u(rest, sizes[depth]));
      }
      if (chunked) this.#turns[cut] = f.index(i32.mul(this.#turns[cut], chunk));
      const from = chunked ? this.#turns[cut] : 0;
      const to = chunked ? f.bind(i32.min(f.bind(i32.add(from, chunk)), i32.const(extents[cut]))) : extents[cut];
      this.#pointers.begin(this.#turns.slice(0, sizes.length));
      for (let depth = 1; depth <= cut; depth++) this.#enter(depth);
      if (outputs > 0) this.#loop(cut, from, to);
      else this.#inside(0);
    });
  }

  /** Computes what belongs inside the first `level` loops and no more; the epilogue's last level awaits the totals. */
  #enter(level: number): void {
    for (const scope of this.#scopes) {
      this.#compute(scope, "body", level);
      if (level < this.#schedule.outputs) this.#compute(scope, "epilogue", level);
    }
  }

  #compute(scope: Scope, region: Region, level: number): void {
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

  /** Everything inside the first `depth` loops but what `#enter` has computed. */
  #inside(depth: number): void {
    const { outputs, order, extents } = this.#schedule;
    if (this.#nest.reduce && depth === outputs) this.#reduction();
    else if (depth < order.length) this.#loop(depth, 0, extents[depth]);
    else for (const scope of this.#scopes) this.#finish(scope);
  }

  /** What is done with the body's values. */
  #finish(scope: Scope): void {
    if (!this.#nest.reduce) this.#store(scope, "body");
    const { vector, outputs, lanes } = this.#schedule;
    const partial = vector >= outputs && scope.first !== undefined && scope.context.count < lanes;
    this.#accumulators.forEach((accumulator, i) => {
      const value = scope.body[accumulator.value] as V128;
      const counted = partial ? onlyCounted(scope.context, accumulator, value) : value;
      addTo(scope.context, scope.accumulators[i], accumulator, counted);
    });
  }

  #store({ context, first, row, ...values }: Scope, region: Region): void {
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

  #loop(depth: number, from: Index, to: Index): void {
    const { vector, tile, lanes, unroll } = this.#schedule;
    if (depth === vector) {
      this.#blocks(depth, from, to, lanes * unroll, (elements) => this.#vectors(depth, elements));
    } else if (depth === tile) {
      this.#blocks(depth, from, to, lanes, (rows) =>
        rows < lanes
          ? undefined
          : this.#scopes.flatMap((scope) => [0, 1, 2, 3].map((row) => innerScope(scope, { row }))),
      );
    } else this.#turnsOf(depth, from, to);
  }

  /** The vectors for so many elements of the vector loop. */
  #vectors(depth: number, elements: number): Scope[] {
    const { outputs, lanes } = this.#schedule;
    const starts = Array.from({ length: Math.ceil(elements / lanes) }, (_, i) => i * lanes);
    const change = ({ context }: Scope, first: number): Partial<Scope> => ({
      first,
      context: { ...context, count: Math.min(lanes, elements - first) },
    });
    // In a reduction along the lanes there is a scope with totals for each vector already.
    if (depth >= outputs) return starts.map((first, i) => innerScope(this.#scopes[i], change(this.#scopes[i], first)));
    return this.#scopes.flatMap((scope) => starts.map((first) => innerScope(scope, change(scope, first))));
  }

  /**
   * Takes `block` turns at a time, in the scopes that `scopesFor` gives, and then the turns that are left: at once too
   * if there are scopes for them, else one by one.
   */
  #blocks(
    depth: number,
    from: Index,
    to: Index,
    block: number,
    scopesFor: (turns: number) => Scope[] | undefined,
  ): void {
    const f = this.#f;
    const extent = this.#schedule.extents[depth];
    const left = extent % block;
    const whole = extent - left;
    const outer = this.#scopes;
    const run = (turn: Index, turns: number): void => {
      const scopes = scopesFor(turns);
      if (!scopes) {
        this.#turnsOf(depth, whole, extent);
        return;
      }
      this.#scopes = scopes;
      this.#turn(depth, turn);
      this.#scopes = outer;
      this.#pointers.advance(depth, turns === block ? block : 0);
    };
    this.#pointers.settle();
    f.range(from, typeof to === "number" ? whole : f.bind(i32.min(to, i32.const(whole))), block, (turn) => {
      run(turn, block);
      this.#pointers.settle();
    });
    if (left === 0) return;
    if (typeof to === "number") run(whole, left);
    else f.if(i32.eq(to, extent), () => run(whole, left));
  }

  #turn(depth: number, turn: Index): void {
    this.#turns[depth] = i32.add(turn, 0);
    this.#enter(depth + 1);
    this.#inside(depth + 1);
  }

  /** Turn after turn; a short innermost loop of a reduction is written out. */
  #turnsOf(depth: number, from: Index, to: Index): void {
    const { extents, order, outputs } = this.#schedule;
    const innermost = depth >= outputs && depth === order.length - 1;
    if (innermost && extents[depth] * this.#scopes.length * this.#nest.body.length <= mostWrittenOut) {
      for (let turn = 0; turn < extents[depth]; turn++) {
        this.#turn(depth, turn);
        this.#pointers.advance(depth, 1);
      }
      return;
    }
    this.#pointers.settle();
    this.#f.range(from, to, 1, (turn) => {
      this.#turn(depth, turn);
      this.#pointers.advance(depth, 1);
      this.#pointers.settle();
    });
  }

  /** The reduction loops, then the epilogue with their totals. */
  #reduction(): void {
    const f = this.#f;
    const { outputs, order, extents, vector, unroll, wide } = this.#schedule;
    const outer = this.#scopes;
    const totals = (scope: Scope): Scope => innerScope(scope, { accumulators: startTotals(f, this.#accumulators) });
    // Along the lanes, every vector of a block has totals of its own.
    const inner = vector < outputs ? outer.map(totals) : Array.from({ length: unroll }, () => totals(outer[0]));
    this.#scopes = inner;
    if (outputs < order.length) this.#loop(outputs, 0, extents[outputs]);
    else for (const scope of inner) this.#finish(scope);
    if (vector >= outputs) {
      this.#accumulators.forEach((accumulator, i) => {
        const [total, ...others] = inner.map((scope) => scope.accumulators[i]);
        for (const other of others) addTo(outer[0].context, total, accumulator, other);
        addAcross(outer[0].context, total, accumulator, wide);
      });
    }
    this.#scopes = outer;
    outer.forEach((scope, i) => {
      const finished = innerScope(scope, { accumulators: inner[i].accumulators });
      this.#compute(finished, "epilogue", outputs);
      this.#store(finished, "epilogue");
    });
    for (const { accumulators } of inner) f.release(...accumulators);
  }
}
