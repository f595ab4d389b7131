/**
 * The function of a nest: its loops, opened in the order of the schedule, around vector code.
 *
 * Outside the vector loop a value is the same in all lanes; inside it, several vectors go side by side, and the last ones
 * hold fewer elements where the extent is no multiple. While code is written, `#scopes` are the vectors that exist at that
 * point.
 */
import type { LoopNest } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Frame } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { Pointers } from "./pointers.ts";
import type { Schedule } from "./schedule.ts";
import { innerScope, outermostScope, type Scope } from "./scope.ts";
import { VectorCode } from "./vector-code.ts";

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
  readonly #pointers: Pointers;
  readonly #code: VectorCode;
  /** The present turn of each loop, by depth. */
  readonly #turns: I32[] = [];
  #scopes: readonly Scope[];

  constructor(frame: Frame, nest: LoopNest, schedule: Schedule, inputs: readonly I32[], outputs: readonly I32[]) {
    const { f, module } = frame;
    this.#frame = frame;
    this.#f = f;
    this.#nest = nest;
    this.#schedule = schedule;
    this.#pointers = new Pointers(f, schedule);
    this.#code = new VectorCode(frame, nest, schedule, this.#pointers, this.#turns, inputs, outputs);
    this.#scopes = [outermostScope(module, f)];
  }

  emit(): void {
    const { cut, chunk, extents, outputs } = this.#schedule;
    const f = this.#f;
    const { first, last } = this.#frame;
    const chunked = outputs > 0 && chunk < extents[cut];
    this.#enter(0);
    f.range(first, last, 1, (unit) => {
      const sizes = extents.slice(0, cut);
      if (chunked) sizes.push(Math.ceil(extents[cut] / chunk));
      for (const [depth, turn] of positions(f, unit, sizes).entries()) this.#turns[depth] = turn;
      if (chunked) this.#turns[cut] = f.index(i32.mul(this.#turns[cut], chunk));
      const from = chunked ? this.#turns[cut] : 0;
      const to = chunked ? f.least(i32.add(from, chunk), extents[cut]) : extents[cut];
      this.#pointers.begin(this.#turns.slice(0, sizes.length));
      for (let depth = 1; depth <= cut; depth++) this.#enter(depth);
      if (outputs > 0) this.#loop(cut, from, to);
      else this.#inside(0);
    });
  }

  /** Computes what belongs inside the first `level` loops and no more; the epilogue's last level awaits the totals. */
  #enter(level: number): void {
    for (const scope of this.#scopes) {
      this.#code.compute(scope, "body", level);
      if (level < this.#schedule.outputs) this.#code.compute(scope, "epilogue", level);
    }
  }

  /** Everything inside the first `depth` loops but what `#enter` has computed. */
  #inside(depth: number): void {
    const { outputs, order, extents } = this.#schedule;
    if (this.#nest.reduce && depth === outputs) this.#reduction();
    else if (depth < order.length) this.#loop(depth, 0, extents[depth]);
    else for (const scope of this.#scopes) this.#code.finish(scope);
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
    f.range(from, typeof to === "number" ? whole : f.least(to, whole), block, (turn) => {
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
    const { outputs, order, extents, vector, unroll } = this.#schedule;
    const outer = this.#scopes;
    const totals = (scope: Scope): Scope => innerScope(scope, { accumulators: this.#code.startTotals() });
    // Along the lanes, every vector of a block has totals of its own.
    const inner = vector < outputs ? outer.map(totals) : Array.from({ length: unroll }, () => totals(outer[0]));
    this.#scopes = inner;
    if (outputs < order.length) this.#loop(outputs, 0, extents[outputs]);
    else for (const scope of inner) this.#code.finish(scope);
    if (vector >= outputs)
      this.#code.joinTotals(
        outer[0],
        inner.map(({ accumulators }) => accumulators),
      );
    this.#scopes = outer;
    outer.forEach((scope, i) => {
      const finished = innerScope(scope, { accumulators: inner[i].accumulators });
      this.#code.compute(finished, "epilogue", outputs);
      this.#code.store(finished, "epilogue");
    });
    for (const { accumulators } of inner) f.release(...accumulators);
  }
}
