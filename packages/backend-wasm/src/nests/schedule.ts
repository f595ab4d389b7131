/**
 * How a nest is run: which loop becomes lanes, in which order the others are nested, and what one unit of work is.
 *
 * The vector loop is the one along which loads and stores are cheapest: neighbours best, spread elements well, gathers
 * badly. An output loop then becomes the innermost of the output loops (around the reduction); a reduction loop the
 * innermost of all, each lane with a total of its own. Units are turns of the outer output loops, or chunks of one.
 */
import { type Instruction, type LoopNest, scalarOperators, sizeOf } from "@sconce/core";
import { operandsOf } from "./instructions.ts";

export interface Schedule {
  /** Whether vectors hold two lanes of 64 bits. */
  readonly wide: boolean;
  /** Lanes of a vector: 4, or 2 where they are wide. */
  readonly lanes: number;
  /** The nest's loops from the outside in: output loops, then reduction loops. */
  readonly order: readonly number[];
  /** Turns of each, in that order. */
  readonly extents: readonly number[];
  /** How many of them are output loops. */
  readonly outputs: number;
  /** Depth of the vector loop; -1 without any loop. */
  readonly vector: number;
  /** Depth of the loop just outside the vector loop whose turns go in fours, to load across the lanes by transposing; or -1. */
  readonly tile: number;
  /** Vectors side by side in the vector loop. */
  readonly unroll: number;
  /** The depth at which units are cut: every turn of the loops outside it, and `chunk` turns of the loop there. */
  readonly cut: number;
  readonly chunk: number;
  readonly units: number;
}

/** A unit should take about this many additions: some 10 microseconds. */
export const unitWork = 65536;

export function scheduleNest(nest: LoopNest): Schedule {
  const { shape, reduce, inputs, body, epilogue, stores } = nest;
  const wide = [...inputs, ...[...body, ...epilogue, ...stores].map((item) => "dtype" in item && item.dtype)].includes(
    "float64",
  );
  const lanes = wide ? 2 : 4;
  const all = [...shape, ...(reduce?.extent ?? [])];
  const outer = shape.length;
  const prices = all.map((_, loop) => price(nest, loop, lanes));
  const vectorLoop = prices.indexOf(Math.min(...prices));
  const size = body.length + epilogue.length + stores.length;
  const tileLoop = wide || size > 30 || vectorLoop >= outer ? -1 : transposing(nest, vectorLoop);
  const inner = [tileLoop, vectorLoop].filter((loop) => loop >= 0);
  const order = all.map((_, loop) => loop).filter((loop) => !inner.includes(loop));
  order.splice(vectorLoop < outer ? outer - inner.length : order.length, 0, ...inner);
  const vector = order.indexOf(vectorLoop);
  const tile = order.indexOf(tileLoop);
  const extents = order.map((loop) => all[loop]);
  const most = tile >= 0 || size > 60 ? 1 : size > 24 ? 2 : 4;
  const unroll = vector < 0 ? 1 : Math.min(most, Math.ceil(extents[vector] / lanes));
  const steps = extents
    .slice(0, outer)
    .map((_, depth) => (depth === vector ? lanes * unroll : depth === tile ? lanes : 1));
  return { wide, lanes, order, extents, outputs: outer, vector, tile, unroll, ...units(extents, steps, workOf(nest)) };
}

/** The output loop along which most of those loads are contiguous that are not along the vector loop; or -1. */
function transposing({ shape, body, epilogue }: LoopNest, vectorLoop: number): number {
  const counts = shape.map((extent, loop) =>
    extent < 4
      ? 0
      : [...body, ...epilogue].filter(
          (item) =>
            item.kind === "load" &&
            item.guard === undefined &&
            item.access.kind === "affine" &&
            item.access.strides[loop] === 1 &&
            ![0, 1].includes(item.access.strides[vectorLoop]),
        ).length,
  );
  const most = Math.max(0, ...counts);
  return most > 0 ? counts.indexOf(most) : -1;
}

/** `steps` are the turns of each output loop that stay together; `each` the work for one result. */
function units(
  extents: readonly number[],
  steps: readonly number[],
  each: number,
): Pick<Schedule, "cut" | "chunk" | "units"> {
  let inner = each * sizeOf(extents.slice(0, steps.length));
  let outer = 1;
  for (const [cut, step] of steps.entries()) {
    const extent = extents[cut];
    inner /= extent;
    if (inner * step <= unitWork || cut === steps.length - 1) {
      const chunk = Math.min(extent, Math.max(1, Math.floor(unitWork / inner / step)) * step);
      return { cut, chunk, units: outer * Math.ceil(extent / chunk) };
    }
    outer *= extent;
  }
  return { cut: 0, chunk: 1, units: 1 };
}

/** Work for one result, in additions. */
export function workOf({ reduce, body, epilogue, stores }: LoopNest): number {
  return sizeOf(reduce?.extent ?? []) * Math.max(1, cost(body)) + cost(epilogue) + stores.length;
}

function cost(list: readonly Instruction[]): number {
  return list.reduce(
    (sum, item) => sum + (item.kind === "apply" ? scalarOperators[item.operator].cost : item.kind === "load" ? 1 : 0),
    0,
  );
}

/** What a vector load costs where its elements are this far apart. */
const nearPrices: Readonly<Record<number, number>> = { 0: 0.5, 1: 1, 2: 2, [-1]: 1.5 };

/** What an element costs with `loop` in lanes, relative to other loops. */
function price({ shape, reduce, body, epilogue, stores }: LoopNest, loop: number, lanes: number): number {
  const all = [...shape, ...(reduce?.extent ?? [])];
  const extent = all[loop];
  const turns = sizeOf(reduce?.extent ?? []);
  const isOutput = loop < shape.length;
  const access = (stride: number | undefined): number =>
    stride === undefined ? 2 * lanes : (nearPrices[stride] ?? 1.5 * lanes);
  const list = (instructions: readonly Instruction[]): number => {
    const steps = stepsAlong(instructions, loop);
    return instructions.reduce((sum, item) => {
      if (item.kind === "load")
        return sum + access(item.access.kind === "affine" ? item.access.strides[loop] : steps[item.access.index]);
      return item.kind === "apply" ? sum + scalarOperators[item.operator].cost / 2 : sum;
    }, 0);
  };
  // Loads across the lanes can be transposed, stores are not.
  const storing = stores.length * (isOutput && sizeOf(shape.slice(loop + 1)) === 1 ? 1 : 2 * lanes);
  const vectors = Math.ceil(extent / lanes) / extent;
  if (isOutput) return vectors * (list(body) + (list(epilogue) + storing) / turns);
  const finish = 6 * (reduce?.accumulators.length ?? 0) + list(epilogue) + storing;
  return vectors * list(body) + finish / turns;
}

/** By how much each value grows with a turn of `loop`; undefined where that is not a constant. */
export function stepsAlong(list: readonly Instruction[], loop: number): (number | undefined)[] {
  const steps: (number | undefined)[] = [];
  const constant = (place: number): number | undefined => {
    const instruction = list[place];
    return instruction.kind === "constant" ? instruction.value : undefined;
  };
  for (const instruction of list) {
    const before = operandsOf(instruction).map((operand) => steps[operand]);
    let step = before.every((known) => known === 0) ? 0 : undefined;
    if (instruction.kind === "index" && instruction.axis === loop) step = 1;
    else if (instruction.kind === "load" && instruction.access.kind === "affine" && instruction.access.strides[loop])
      step = undefined;
    else if (instruction.kind === "apply" && step === undefined && instruction.dtype === "int32") {
      const [a, b] = before;
      if (a !== undefined && b !== undefined && instruction.operator === "add") step = a + b;
      else if (a !== undefined && b !== undefined && instruction.operator === "subtract") step = a - b;
      else if (instruction.operator === "multiply") {
        const [x, y] = instruction.operands.map(constant);
        step = a !== undefined && y !== undefined ? a * y : b !== undefined && x !== undefined ? b * x : undefined;
      }
    }
    steps.push(step);
  }
  return steps;
}

/** How many loops each instruction is inside of, counted from the outermost. */
export function levelsOf(list: readonly Instruction[], order: readonly number[], outputs: number): number[] {
  const levels: number[] = [];
  const depth = (loop: number): number => order.indexOf(loop) + 1;
  for (const instruction of list) {
    let level = Math.max(0, ...operandsOf(instruction).map((operand) => levels[operand]));
    if (instruction.kind === "index") level = depth(instruction.axis);
    else if (instruction.kind === "accumulator") level = outputs;
    else if (instruction.kind === "load" && instruction.access.kind === "affine") {
      instruction.access.strides.forEach((stride, loop) => {
        if (stride !== 0) level = Math.max(level, depth(loop));
      });
    }
    levels.push(level);
  }
  return levels;
}
