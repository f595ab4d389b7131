/**
 * The function of a nest: its loops, opened in the order of the schedule, around vector code.
 *
 * Every access has a pointer that moves by constants. Instructions are computed at the level of the innermost loop they
 * depend on. Outside the vector loop a value is the same in all lanes; inside it, several vectors go side by side, and
 * the last ones hold fewer elements where the extent is no multiple.
 */
import { bytesPerElement, type DType, type LoopNest, neutralElement } from "@sconce/core";
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { i32x4, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32, select } from "../assembler/values.ts";
import type { Frame } from "../kernels/kernel.ts";
import { InstructionList, type LoadInstruction, type Sources, type Values } from "./instructions.ts";
import {
  constantLanes,
  isNear,
  type LaneContext,
  loadLanes,
  loadNear,
  loadNeighbours,
  loadSplat,
  maskFor,
  moved,
  type Place,
  storeLanes,
} from "./lanes.ts";
import { applyOperator } from "./operators.ts";
import { levelsOf, type Schedule, stepsAlong } from "./schedule.ts";

/** Writes the function; `bases` are the byte addresses of the nest's inputs and of its stores. */
export function emitNest(
  frame: Frame,
  nest: LoopNest,
  schedule: Schedule,
  inputs: readonly I32[],
  outputs: readonly I32[],
): void {
  new NestFunction(frame, nest, schedule, inputs, outputs).emit();
}

/** A local that follows one way of striding through a buffer. */
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

interface Pointed {
  readonly pointer: Pointer;
  readonly start: number;
}

/** One vector's worth of the computation: outside the vector loop (`first` undefined), all lanes are the same. */
interface Scope {
  readonly context: LaneContext;
  /** Elements between the start of the block and lane 0. */
  readonly first: number | undefined;
  /** Turns of the tile loop between the start of the tile and here; undefined outside tiles. */
  readonly row: number | undefined;
  readonly body: Values;
  readonly epilogue: Values;
  accumulators: Local<"v128">[];
}

function copyOf(scope: Scope, changes: Partial<Scope>): Scope {
  return { ...scope, body: [...scope.body], epilogue: [...scope.epilogue], ...changes };
}

const combining = { sum: "add", product: "multiply", max: "maximum", min: "minimum" } as const;

class NestFunction {
  readonly #frame: Frame;
  readonly #f: FunctionBuilder;
  readonly #nest: LoopNest;
  readonly #schedule: Schedule;
  readonly #lanes: number;
  readonly #body: InstructionList;
  readonly #epilogue: InstructionList;
  readonly #steps: { readonly body: (number | undefined)[]; readonly epilogue: (number | undefined)[] };
  readonly #inputs: readonly I32[];
  readonly #pointers = new Map<string, Pointer>();
  readonly #loads: { readonly body: (Pointed | undefined)[]; readonly epilogue: (Pointed | undefined)[] };
  readonly #stores: readonly Pointed[];
  /** The present turn of each loop. */
  readonly #turns: I32[] = [];
  /** The rows of the tile that a load has just read. */
  readonly #tiles = new Map<LoadInstruction, readonly V128[]>();
  #scopes: Scope[];

  constructor(frame: Frame, nest: LoopNest, schedule: Schedule, inputs: readonly I32[], outputs: readonly I32[]) {
    const { f, module } = frame;
    const { order, vector } = schedule;
    this.#frame = frame;
    this.#f = f;
    this.#nest = nest;
    this.#schedule = schedule;
    this.#lanes = schedule.wide ? 2 : 4;
    const accumulators = nest.reduce?.accumulators ?? [];
    const stored = nest.stores.map(({ value }) => value);
    const results = nest.reduce ? accumulators.map(({ value }) => value) : stored;
    const list = (instructions: LoopNest["body"], used: readonly number[]): InstructionList =>
      new InstructionList(
        instructions,
        accumulators.map(({ dtype }) => dtype),
        used,
        module.relaxed,
        levelsOf(instructions, order, schedule.outputs),
      );
    this.#body = list(nest.body, results);
    this.#epilogue = list(nest.epilogue, nest.reduce ? stored : []);
    this.#steps = { body: stepsAlong(nest.body, order[vector]), epilogue: stepsAlong(nest.epilogue, order[vector]) };
    this.#inputs = inputs.map((input) => f.bind(input));
    const loads = (instructions: LoopNest["body"]): (Pointed | undefined)[] =>
      instructions.map((load) => {
        if (load.kind !== "load" || load.access.kind === "computed") return undefined;
        const { offset, strides } = load.access;
        const key = `${load.input}:${load.guard === undefined ? "" : "guarded"}`;
        return this.#pointed(key, this.#inputs[load.input], load.dtype, offset, strides);
      });
    this.#loads = { body: loads(nest.body), epilogue: loads(nest.epilogue) };
    this.#stores = nest.stores.map(({ dtype }, i) => {
      const strides = nest.shape.map((_, loop) => nest.shape.slice(loop + 1).reduce((a, b) => a * b, 1));
      return this.#pointed(`store${i}`, f.bind(outputs[i]), dtype, 0, strides);
    });
    this.#scopes = [
      { context: { module, f, count: 1 }, first: undefined, row: undefined, body: [], epilogue: [], accumulators: [] },
    ];
  }

  #pointed(key: string, base: I32, dtype: DType, offset: number, strides: readonly number[]): Pointed {
    const { order, extents, vector, unroll } = this.#schedule;
    const bytes = bytesPerElement(dtype);
    const byDepth = order.map((loop) => (strides[loop] ?? 0) * bytes);
    const whole = `${key}:${byDepth.join()}`;
    let pointer = this.#pointers.get(whole);
    if (!pointer) {
      const travels = [0];
      for (let depth = order.length - 1; depth >= 0; depth--) {
        const block = this.#lanes * unroll;
        const turns = depth === vector ? extents[depth] - (extents[depth] % block) : extents[depth];
        travels.unshift(turns * byDepth[depth]);
      }
      const moves = byDepth.some((stride) => stride !== 0);
      pointer = {
        local: moves ? this.#f.local("i32") : (base as Local<"i32">),
        base,
        start: moves ? offset * bytes : 0,
        strides: byDepth,
        travels,
        pending: 0,
      };
      this.#pointers.set(whole, pointer);
    }
    if (pointer.local !== base) pointer.start = Math.min(pointer.start, offset * bytes);
    return { pointer, start: offset * bytes };
  }

  #place({ pointer, start }: Pointed): Place {
    return moved([pointer.local, 0], start - pointer.start + pointer.pending);
  }

  get #moving(): Pointer[] {
    return [...this.#pointers.values()].filter(({ local, base }) => local !== base);
  }

  emit(): void {
    const { cut, chunk, extents, outputs } = this.#schedule;
    const { f, first, last } = this.#frame;
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
      const from = chunked ? f.index(i32.mul(this.#turns[cut], chunk)) : 0;
      const to = chunked ? f.bind(i32.min(f.bind(i32.add(from, chunk)), i32.const(extents[cut]))) : (extents[cut] ?? 0);
      for (const pointer of this.#moving) {
        let address = i32.add(pointer.base, pointer.start);
        for (let depth = 0; depth < cut; depth++)
          address = i32.add(address, i32.mul(this.#turns[depth], pointer.strides[depth]));
        if (chunked) address = i32.add(address, i32.mul(from, pointer.strides[cut]));
        f.set(pointer.local, address);
      }
      for (let depth = 1; depth <= cut; depth++) this.#enter(depth);
      if (outputs > 0) this.#loop(cut, from, to);
      else this.#inside(0);
      for (const pointer of this.#moving) pointer.pending = 0;
    });
  }

  /** Computes what belongs inside the first `level` loops and no more. */
  #enter(level: number): void {
    const epilogueToo = this.#nest.reduce && level < this.#schedule.outputs;
    for (const scope of this.#scopes) {
      this.#compute(scope, "body", level);
      if (epilogueToo) this.#compute(scope, "epilogue", level);
    }
  }

  #compute(scope: Scope, region: "body" | "epilogue", level: number): void {
    const list = region === "body" ? this.#body : this.#epilogue;
    list.emit(scope.context, level, this.#sources(scope, region), scope[region]);
  }

  /** Everything inside the first `depth` loops but what they have computed themselves. */
  #inside(depth: number): void {
    const { outputs, order } = this.#schedule;
    const { reduce } = this.#nest;
    if (reduce && depth === outputs) this.#reduction();
    else if (depth < order.length) this.#loop(depth, 0, this.#schedule.extents[depth]);
    else if (reduce) for (const scope of this.#scopes) this.#accumulate(scope);
    else for (const scope of this.#scopes) this.#store(scope, scope.body);
  }

  #loop(depth: number, from: I32 | number, to: I32 | number): void {
    if (depth === this.#schedule.vector) {
      this.#vectorLoop(depth, from, to);
      return;
    }
    if (depth === this.#schedule.tile) {
      this.#tileLoop(depth, from, to);
      return;
    }
    this.#plainLoop(depth, from, to);
  }

  /** As many turns at a time as there are lanes, then the rest one by one. */
  #tileLoop(depth: number, from: I32 | number, to: I32 | number): void {
    const { f } = this.#frame;
    const extent = this.#schedule.extents[depth];
    const rows = this.#lanes;
    const whole = extent - (extent % rows);
    const outer = this.#scopes;
    this.#settle();
    f.range(from, typeof to === "number" ? whole : f.bind(i32.min(to, i32.const(whole))), rows, (turn) => {
      this.#turns[depth] = turn;
      this.#scopes = Array.from({ length: rows }, (_, row) => copyOf(outer[0], { row }));
      this.#enter(depth + 1);
      this.#inside(depth + 1);
      this.#scopes = outer;
      this.#advance(depth, rows);
      this.#settle();
    });
    if (whole === extent) return;
    if (typeof to === "number") this.#plainLoop(depth, whole, extent);
    else f.if(i32.eq(to, extent), () => this.#plainLoop(depth, whole, extent));
  }

  #plainLoop(depth: number, from: I32 | number, to: I32 | number): void {
    const { f } = this.#frame;
    const turn = (index: I32): void => {
      this.#turns[depth] = index;
      this.#enter(depth + 1);
      this.#inside(depth + 1);
    };
    if (this.#unrolls(depth)) {
      for (let index = 0; index < this.#schedule.extents[depth]; index++) {
        turn(i32.const(index));
        this.#advance(depth, 1);
      }
      return;
    }
    this.#settle();
    f.range(from, to, 1, (index) => {
      turn(index);
      this.#advance(depth, 1);
      this.#settle();
    });
  }

  /** Short innermost reduction loops are written out. */
  #unrolls(depth: number): boolean {
    const { extents, order, outputs } = this.#schedule;
    return (
      depth >= outputs &&
      depth === order.length - 1 &&
      extents[depth] * this.#scopes.length * this.#nest.body.length <= 128
    );
  }

  #advance(depth: number, turns: number): void {
    for (const pointer of this.#moving) {
      pointer.pending += turns * pointer.strides[depth] - (pointer.travels[depth + 1] ?? 0);
    }
  }

  /** Moves the pointers by what is pending; every turn of a loop must begin and end so. */
  #settle(): void {
    for (const pointer of this.#moving) {
      this.#f.increase(pointer.local, pointer.pending);
      pointer.pending = 0;
    }
  }

  #vectorLoop(depth: number, from: I32 | number, to: I32 | number): void {
    const { f } = this.#frame;
    const { extents, unroll } = this.#schedule;
    const lanes = this.#lanes;
    const block = lanes * unroll;
    const extent = extents[depth];
    const whole = extent - (extent % block);
    const left = extent - whole;
    const outer = this.#scopes;
    const run = (turn: I32, elements: number): void => {
      this.#turns[depth] = turn;
      const firsts = Array.from({ length: Math.ceil(elements / lanes) }, (_, i) => i * lanes);
      const inLanes = this.#nest.reduce && depth >= this.#schedule.outputs;
      // Totals in lanes are there already, one scope for each vector.
      const among = inLanes ? outer.slice(0, 1) : outer;
      this.#scopes = among.flatMap((scope) =>
        firsts.map((first, i) =>
          copyOf(inLanes ? outer[i] : scope, {
            first,
            context: { ...scope.context, count: Math.min(lanes, elements - first) },
          }),
        ),
      );
      this.#enter(depth + 1);
      this.#inside(depth + 1);
      this.#scopes = outer;
    };
    if (typeof to === "number") {
      this.#settle();
      f.range(0, whole, block, (turn) => {
        run(turn, block);
        this.#advance(depth, block);
        this.#settle();
      });
      if (left > 0) {
        run(i32.const(whole), left);
        this.#advance(depth, 0);
      }
      return;
    }
    const end = f.bind(i32.min(to, i32.const(whole)));
    f.range(from, end, block, (turn) => {
      run(turn, block);
      this.#advance(depth, block);
      this.#settle();
    });
    if (left > 0) f.if(i32.eq(to, extent), () => run(i32.const(whole), left));
  }

  #reduction(): void {
    const { f } = this.#frame;
    const { outputs, vector, unroll } = this.#schedule;
    const accumulators = this.#nest.reduce?.accumulators ?? [];
    const outer = this.#scopes;
    const inLanes = vector >= outputs;
    if (inLanes) this.#scopes = Array.from({ length: unroll }, () => copyOf(outer[0], {}));
    for (const scope of this.#scopes) {
      scope.accumulators = accumulators.map(({ combine, dtype }) =>
        f.local("v128", constantLanes(f, dtype, neutralElement(combine, dtype))),
      );
    }
    if (outputs < this.#schedule.order.length) this.#loop(outputs, 0, this.#schedule.extents[outputs]);
    else for (const scope of this.#scopes) this.#accumulate(scope);
    if (inLanes) {
      const [total, ...others] = this.#scopes;
      accumulators.forEach((_, i) => {
        for (const other of others) this.#combine(total, i, other.accumulators[i]);
        const { dtype } = accumulators[i];
        const orders =
          dtype === "float64"
            ? [[2, 3, 0, 1]]
            : this.#schedule.wide
              ? [[1, 0, 1, 0]]
              : [
                  [2, 3, 0, 1],
                  [1, 0, 3, 2],
                ];
        for (const order of orders)
          this.#combine(total, i, shuffle32(total.accumulators[i], total.accumulators[i], order));
      });
      outer[0].accumulators = total.accumulators;
      this.#scopes = outer;
    }
    for (const scope of this.#scopes) {
      this.#compute(scope, "epilogue", outputs);
      this.#store(scope, scope.epilogue);
      f.release(...scope.accumulators);
    }
  }

  #combine(scope: Scope, i: number, value: V128): void {
    const accumulator = this.#nest.reduce?.accumulators[i];
    if (!accumulator) return;
    const { combine, dtype } = accumulator;
    const operands = [{ lanes: scope.accumulators[i] }, { lanes: value }];
    this.#f.set(scope.accumulators[i], applyOperator(scope.context, combining[combine], dtype, dtype, operands));
  }

  #accumulate(scope: Scope): void {
    this.#nest.reduce?.accumulators.forEach(({ value, combine, dtype }, i) => {
      const lanes = scope.body[value] as V128;
      const { count } = scope.context;
      const partial =
        scope.first !== undefined && this.#schedule.vector >= this.#schedule.outputs && count < this.#lanes;
      const neutral = constantLanes(this.#f, dtype, neutralElement(combine, dtype));
      this.#combine(
        scope,
        i,
        partial ? v128.bitselect(lanes, neutral, maskFor(dtype, laneMask(this.#f, count))) : lanes,
      );
    });
  }

  #store({ context, first = 0, row = 0 }: Scope, values: Values): void {
    const { vector, tile } = this.#schedule;
    this.#nest.stores.forEach(({ value, dtype }, i) => {
      const { strides } = this.#stores[i].pointer;
      const stride = strides[vector] ?? 0;
      const place = moved(this.#place(this.#stores[i]), first * stride + row * (strides[tile] ?? 0));
      storeLanes(context, dtype, this.#schedule.wide, place, stride, values[value] as V128);
    });
  }

  #sources(scope: Scope, region: "body" | "epilogue"): Sources {
    const { f } = this.#frame;
    return {
      load: (instruction, place, value) => this.#load(scope, region, instruction, place, value),
      index: (axis) => {
        const depth = this.#schedule.order.indexOf(axis);
        const turn = this.#turns[depth];
        const lanes = turn.constant === undefined ? i32x4.splat(turn) : i32x4.const(turn.constant);
        const { first, row } = scope;
        if (depth === this.#schedule.tile && row) return i32x4.add(lanes, f.constant(i32x4.const(row)));
        if (depth !== this.#schedule.vector || first === undefined) return lanes;
        return i32x4.add(lanes, f.constant(i32x4.const(...[0, 1, 2, 3].map((lane) => first + lane))));
      },
      accumulator: (index) => scope.accumulators[index],
    };
  }

  #load(
    scope: Scope,
    region: "body" | "epilogue",
    instruction: LoadInstruction,
    at: number,
    value: (place: number) => V128,
  ): V128 {
    const { f } = this.#frame;
    const { context, first, row } = scope;
    const { wide, vector, tile } = this.#schedule;
    const { dtype, access, guard } = instruction;
    const bytes = bytesPerElement(dtype);
    const base = this.#inputs[instruction.input];
    const mask = guard === undefined ? undefined : f.bind(value(guard));
    const guarded = (lanes: V128): V128 => (mask ? v128.and(lanes, maskFor(dtype, mask)) : lanes);
    /** A place to read where `condition` holds, and the start of the input elsewhere. */
    const safe = ([pointer, offset]: Place, condition: I32 | undefined): Place =>
      condition ? [select(i32.add(pointer, offset), base, condition), 0] : [pointer, offset];
    const any = mask && v128.any_true(context.count < 4 ? v128.and(mask, laneMask(f, context.count)) : mask);
    if (access.kind === "affine") {
      const pointed = this.#loads[region][at] as Pointed;
      const { strides } = pointed.pointer;
      const stride = first === undefined ? 0 : (strides[vector] ?? 0);
      const place = moved(this.#place(pointed), (first ?? 0) * stride + (row ?? 0) * (strides[tile] ?? 0));
      if (row !== undefined && strides[tile] === bytes && stride !== 0 && stride !== bytes && !mask) {
        if (row === 0) {
          const columns = Array.from({ length: 4 }, (_, lane) =>
            loadNeighbours(context, dtype, wide, moved(place, Math.min(lane, context.count - 1) * stride)),
          );
          this.#tiles.set(instruction, transposed(f, columns));
        }
        return (this.#tiles.get(instruction) as readonly V128[])[row];
      }
      if (stride === 0) return guarded(loadSplat(context, dtype, safe(place, any)));
      if (isNear(dtype, wide, stride / bytes)) {
        return guarded(loadNear(context, dtype, wide, stride / bytes, safe(place, any)));
      }
      return guarded(
        loadLanes(context, dtype, (lane) => safe(moved(place, lane * stride), mask && i32x4.extract(mask, lane))),
      );
    }
    const step = first === undefined ? 0 : this.#steps[region][access.index];
    const element = (index: I32): Place => [i32.add(base, i32.mul(index, bytes)), 0];
    if (step === 0 || step === 1) {
      const place = safe(element(i32x4.extract(value(access.index), 0)), any);
      return guarded(step === 0 ? loadSplat(context, dtype, place) : loadNeighbours(context, dtype, wide, place));
    }
    const index = f.bind(mask ? v128.and(value(access.index), mask) : value(access.index));
    return guarded(loadLanes(context, dtype, (lane) => element(i32x4.extract(index, lane))));
  }
}

/** Four vectors whose lane i are the lanes of vector i. */
function transposed(f: FunctionBuilder, columns: readonly V128[]): readonly V128[] {
  const [a, b, c, d] = columns.map((column) => f.local("v128", column));
  const pairs = (x: V128, y: V128): V128[] =>
    [
      [0, 4, 1, 5],
      [2, 6, 3, 7],
    ].map((order) => f.local("v128", shuffle32(x, y, order)));
  const [low, high] = [pairs(a, b), pairs(c, d)];
  return [0, 1].flatMap((i) =>
    [
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ].map((order) => f.local("v128", shuffle32(low[i], high[i], order))),
  );
}

/** All ones in the first `count` lanes. */
function laneMask(f: FunctionBuilder, count: number): V128 {
  return f.constant(i32x4.const(...[0, 1, 2, 3].map((lane) => (lane < count ? -1 : 0))));
}
