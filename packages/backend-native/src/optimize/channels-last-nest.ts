/**
 * A nest over values that lie in another order than row-major: channels-last, or with images side by side.
 *
 * A value [N, C, H, W] has the positions (n, c, p) with p = h W + w. In row-major order the strides of these are
 * (C P, P, 1), channels-last (P C, 1, C). With images side by side, n is split into groups of so many: a group's stride
 * stays, that of c and p is as many times larger, and that of an image in its group is 1. The loops of a nest are first
 * split until each runs through one of these in every access to such a value; then the strides are exchanged, and loops
 * of the output are put in the order n, p, c or n, c, p, image.
 */
import { type Instruction, type LoopNest, type Shape, sizeOf } from "@sconce/core";
import { extentsOf, joinLoops, reorderLoops, splitLoop } from "./loops.ts";

/** Channels and positions of a value, and how many images lie side by side; with one, it lies channels-last. */
export interface Channels {
  readonly channels: number;
  readonly positions: number;
  readonly images: number;
}

export function channelsOf([, channels, ...spatial]: Shape, images = 1): Channels {
  return { channels, positions: sizeOf(spatial), images };
}

/** What a loop runs through: images (or groups of them), images in their group, channels or positions. */
type Part = "n" | "image" | "c" | "p";

/**
 * The same nest on values of which `inputs[i]` and `outputs[i]` say how they lie: row-major where not given. Undefined
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
  const laidOut = { ...split, body, epilogue };
  const rank = laidOut.shape.length;
  const order = [...laidOut.shape.keys(), ...reductionLoops(laidOut, inputs)];
  if (first) {
    const strides = rowMajor(laidOut.shape);
    const parts: readonly Part[] = first.images > 1 ? ["n", "c", "p", "image"] : ["n", "p", "c"];
    const kind = (loop: number): number => parts.indexOf(part(strides[loop], first));
    const output = order.slice(0, rank).sort((a, b) => kind(a) - kind(b) || a - b);
    return joinLoops(reorderLoops(laidOut, [...output, ...order.slice(rank)]));
  }
  return joinLoops(reorderLoops(laidOut, order));
}

/** The loops of the reduction in the order in which the elements lie in memory: sums run through it fastest. */
function reductionLoops({ shape, reduce, body }: LoopNest, inputs: readonly (Channels | undefined)[]): number[] {
  const loops = (reduce?.extent ?? []).map((_, i) => shape.length + i);
  const load = body.find((each) => each.kind === "load" && (inputs[each.input]?.images ?? 1) > 1);
  if (load?.kind !== "load" || load.access.kind !== "affine") return loops;
  const { strides } = load.access;
  return loops.sort((a, b) => Math.abs(strides[b]) - Math.abs(strides[a]) || a - b);
}

/** What a loop of this stride (in row-major order) runs through. */
function part(stride: number, { channels, positions, images }: Channels): Part {
  const size = Math.abs(stride);
  if (size >= images * channels * positions) return "n";
  if (size >= channels * positions) return "image";
  return size >= positions ? "c" : "p";
}

/** A row-major stride in the order in which the value lies. */
function exchanged(stride: number, value: Channels): number {
  const { channels, positions, images } = value;
  if (stride === 0) return 0;
  switch (part(stride, value)) {
    case "n":
      return stride;
    case "image":
      return stride / (channels * positions);
    case "c":
      return images > 1 ? stride * images : stride / positions;
    case "p":
      return stride * (images > 1 ? images : channels);
  }
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
    const { positions, channels, images } = value;
    const borders = [positions, channels * positions, images * channels * positions];
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

/** The list with the strides of the inputs that do not lie row-major. */
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
    const { channels, positions, images } = value;
    const group = images * channels * positions;
    const access = {
      kind: "affine" as const,
      offset:
        start.n * group +
        (images > 1 ? (start.c * positions + start.p) * images + start.image : start.p * channels + start.c),
      strides: strides.map((stride, loop) => (extents[loop] === 1 ? 0 : exchanged(stride, value))),
    };
    result.push({ ...instruction, access });
  }
  return result;
}

/**
 * The offset as (n, image, c, p). Together with the loops, all but n must stay inside their extents; under a guard, which
 * keeps what is outside from being read, they may leave them, and the nearest choice is meant.
 */
function splitOffset(
  offset: number,
  strides: readonly number[],
  extents: readonly number[],
  value: Channels,
  guarded: boolean,
): Readonly<Record<Part, number>> | undefined {
  const reach = (kind: Part, unit: number): { low: number; high: number } => {
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
  const image = divide(c.q, value.images, reach("image", value.channels * value.positions));
  if (!guarded && (p.outside > 0 || c.outside > 0 || image.outside > 0)) return undefined;
  return { n: image.q, image: image.rest, c: c.rest, p: p.rest };
}
