/**
 * A nest over values that lie channels-last.
 *
 * A value [N, C, H, W] has the positions (n, c, p) with p = h W + w. In row-major order the strides of these are
 * (C P, P, 1), channels-last (P C, 1, C). The loops of a nest are first split until each runs through one of n, c and p
 * in every access to such a value; then the strides are exchanged, and loops of the output are put in the order n, p, c.
 */
import { type Instruction, type LoopNest, type Shape, sizeOf } from "@sconce/core";
import { extentsOf, joinLoops, reorderLoops, splitLoop } from "./loops.ts";

/** Channels and positions of a value that may lie channels-last. */
export interface Channels {
  readonly channels: number;
  readonly positions: number;
}

export function channelsOf([, channels, ...spatial]: Shape): Channels {
  return { channels, positions: sizeOf(spatial) };
}

/**
 * The same nest on values of which `inputs[i]` and `outputs[i]` say how they lie: channels-last where given. Undefined
 * where a loop or an access does not fit.
 */
export function channelsLastNest(
  nest: LoopNest,
  inputs: readonly (Channels | undefined)[],
  outputs: readonly (Channels | undefined)[],
): LoopNest | undefined {
  const [first] = outputs;
  if (!outputs.every((each) => each?.channels === first?.channels && each?.positions === first?.positions))
    return undefined;
  const split = splitLoops(nest, inputs, first);
  if (!split) return undefined;
  const body = exchangeStrides(split.body, extentsOf(split), inputs);
  const epilogue = exchangeStrides(split.epilogue, split.shape, inputs);
  if (!body || !epilogue) return undefined;
  const exchanged = { ...split, body, epilogue };
  const order = extentsOf(exchanged).map((_, loop) => loop);
  if (first) {
    const strides = rowMajor(exchanged.shape);
    const rank = exchanged.shape.length;
    const kind = (loop: number): number => ["n", "p", "c"].indexOf(part(strides[loop], first));
    const output = order.slice(0, rank).sort((a, b) => kind(a) - kind(b) || a - b);
    return joinLoops(reorderLoops(exchanged, [...output, ...order.slice(rank)]));
  }
  return joinLoops(exchanged);
}

/** Which of n, c and p a loop of this stride (in row-major order) runs through. */
function part(stride: number, { channels, positions }: Channels): "n" | "c" | "p" {
  const size = Math.abs(stride);
  if (size >= channels * positions) return "n";
  return size >= positions ? "c" : "p";
}

function rowMajor(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Splits loops until none runs from one part into the next. */
function splitLoops(
  start: LoopNest,
  inputs: readonly (Channels | undefined)[],
  output: Channels | undefined,
): LoopNest | undefined {
  let nest = start;
  for (let turns = 0; turns < 16; turns++) {
    const found = crossing(nest, inputs, output);
    if (!found) return nest;
    if (found === "never") return undefined;
    nest = splitLoop(nest, found.loop, found.inner);
  }
  return undefined;
}

/** A loop that runs across a border, and the turns that stay on its own side of it. */
function crossing(
  nest: LoopNest,
  inputs: readonly (Channels | undefined)[],
  output: Channels | undefined,
): { loop: number; inner: number } | "never" | undefined {
  const extents = extentsOf(nest);
  const check = (strides: readonly number[], value: Channels): ReturnType<typeof crossing> => {
    const borders = [value.positions, value.channels * value.positions];
    for (const [loop, stride] of strides.entries()) {
      const size = Math.abs(stride);
      if (size === 0 || extents[loop] === 1) continue;
      for (const border of borders) {
        if (size >= border) {
          if (size % border !== 0) return "never";
          continue;
        }
        if (size * (extents[loop] - 1) < border) continue;
        const inner = border / size;
        if (stride < 0 || !Number.isInteger(inner) || extents[loop] % inner !== 0) return "never";
        return { loop, inner };
      }
    }
    return undefined;
  };
  for (const instruction of [...nest.body, ...nest.epilogue]) {
    if (instruction.kind !== "load") continue;
    const value = inputs[instruction.input];
    if (!value) continue;
    if (instruction.access.kind === "computed") return "never";
    const found = check(instruction.access.strides, value);
    if (found) return found;
  }
  return output && check(rowMajor(nest.shape), output);
}

/** The list with channels-last strides for the inputs that lie so. */
function exchangeStrides(
  list: readonly Instruction[],
  extents: readonly number[],
  inputs: readonly (Channels | undefined)[],
): Instruction[] | undefined {
  const result: Instruction[] = [];
  for (const instruction of list) {
    if (instruction.kind !== "load" || !inputs[instruction.input] || instruction.access.kind === "computed") {
      result.push(instruction);
      continue;
    }
    const value = inputs[instruction.input] as Channels;
    const { offset, strides } = instruction.access;
    const start = splitOffset(offset, strides, extents, value, instruction.guard !== undefined);
    if (!start) return undefined;
    const { channels, positions } = value;
    const to = (stride: number): number => {
      if (stride === 0) return 0;
      const kind = part(stride, value);
      return kind === "n" ? stride : kind === "c" ? stride / positions : stride * channels;
    };
    const access = {
      kind: "affine" as const,
      offset: start.n * channels * positions + start.p * channels + start.c,
      strides: strides.map((stride, loop) => (extents[loop] === 1 ? 0 : to(stride))),
    };
    result.push({ ...instruction, access });
  }
  return result;
}

/**
 * The offset as (n, c, p). Together with the loops, p and c must stay inside their extents; under a guard, which keeps
 * what is outside from being read, they may leave them, and the nearest choice is meant.
 */
function splitOffset(
  offset: number,
  strides: readonly number[],
  extents: readonly number[],
  value: Channels,
  guarded: boolean,
): { n: number; c: number; p: number } | undefined {
  const reach = (kind: "c" | "p", unit: number): { low: number; high: number } => {
    let [low, high] = [0, 0];
    strides.forEach((stride, loop) => {
      if (extents[loop] <= 1 || stride === 0 || part(stride, value) !== kind) return;
      const distance = (stride / unit) * (extents[loop] - 1);
      if (distance < 0) low += distance;
      else high += distance;
    });
    return { low, high };
  };
  /** start = quotient * extent + rest, with rest + [low, high] inside [0, extent) or as near to it as can be. */
  const divide = (start: number, extent: number, { low, high }: { low: number; high: number }) => {
    const quotient = Math.floor(start / extent);
    const choices = [quotient, quotient + 1].map((q) => {
      const rest = start - q * extent;
      return { q, rest, outside: Math.max(0, -(rest + low)) + Math.max(0, rest + high - (extent - 1)) };
    });
    return choices[1].outside < choices[0].outside ? choices[1] : choices[0];
  };
  const p = divide(offset, value.positions, reach("p", 1));
  const c = divide(p.q, value.channels, reach("c", value.positions));
  if (!guarded && (p.outside > 0 || c.outside > 0)) return undefined;
  return { n: c.q, c: c.rest, p: p.rest };
}
