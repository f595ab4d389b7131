/** Regular parts of a tensor, and their adjoint: placing a tensor into a larger one. */
import type { Signature } from "../../backend/backend.ts";
import type { Expression } from "../../compiler/expression.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { checkShape, formatShape, normalizeAxes, normalizeAxis, type Shape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { full } from "../creation/full.ts";
import { concatenate } from "./concatenate.ts";

interface SliceAttributes {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly shape: Shape;
}

interface PlaceAttributes {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly shape: Shape;
  /** What fills the rest. */
  readonly value: number;
}

/** Element i of an axis is element start + i step of the input. */
export const sliceOp: OpDefinition<SliceAttributes> = /* @__PURE__ */ defineOp({
  name: "slice",
  infer: ([x], { shape }): Signature => ({ shape: checkShape("slice", shape), dtype: x.dtype }),
  lower: (element, { starts, steps }) =>
    element.load(
      0,
      element.index.map((index, axis) =>
        element.build.addIndex(element.build.scaleIndex(index, steps[axis]), starts[axis]),
      ),
    ),
  gradient: (outputGradient, { inputs: [x] }, { starts, steps }) => [
    place(outputGradient, { shape: x.shape, starts, steps, value: 0 }),
  ],
});

/** Puts element i of the input at start + i step of the output; the rest is `value`. Positions outside are dropped. */
export const placeOp: OpDefinition<PlaceAttributes> = /* @__PURE__ */ defineOp({
  name: "place",
  infer: ([x], { shape }): Signature => ({ shape: checkShape("place", shape), dtype: x.dtype }),
  lower: (element, { starts, steps, value }) => {
    const { build } = element;
    const [{ shape }] = element.inputs;
    let guard: Expression = build.constant(1, "bool");
    const position = element.index.map((index, axis) => {
      const step = steps[axis];
      const distance = build.scaleIndex(build.addIndex(index, -starts[axis]), Math.sign(step));
      const [quotient, remainder] = build.divideIndex(distance, Math.abs(step));
      const onStep = build.apply("equal", [build.position(remainder), build.constant(0, "int32")]);
      guard = build.apply("and", [guard, build.apply("and", [build.inRange(quotient, shape[axis]), onStep])]);
      return quotient;
    });
    const inside = element.load(0, position, guard);
    return value === 0 ? inside : element.apply("where", guard, inside, element.constant(value));
  },
  gradient: (outputGradient, { inputs: [x] }, { starts, steps }) => [takeBack(outputGradient, x.shape, starts, steps)],
  sum: joined,
});

/**
 * Placed parts that follow each other along one axis, as the gradients of a split do: one tensor end to end. A sum of a
 * few is one kernel anyway; that of many would read every part for every element.
 */
function joined(terms: readonly Tensor[]): Tensor | undefined {
  if (terms.length <= 4) return undefined;
  const [{ shape, dtype }] = terms;
  const placed = terms.map(({ inputs: [part], attributes }) => ({ part, ...(attributes as PlaceAttributes) }));
  const axis = shape.findIndex((extent, a) => placed[0].part.shape[a] !== extent);
  const along = placed.every(
    ({ part, starts, steps, value }) =>
      value === 0 &&
      part.shape.every((extent, a) =>
        a === axis ? steps[a] === 1 : starts[a] === 0 && steps[a] === 1 && extent === shape[a],
      ),
  );
  if (axis < 0 || !along) return undefined;
  const gap = (length: number): Tensor[] => {
    const extents = shape.map((extent, a) => (a === axis ? length : extent));
    return length > 0 ? [full(extents, 0, dtype)] : [];
  };
  const parts: Tensor[] = [];
  let end = 0;
  for (const { part, starts } of placed.sort((a, b) => a.starts[axis] - b.starts[axis])) {
    if (starts[axis] < end) return undefined;
    parts.push(...gap(starts[axis] - end), part);
    end = starts[axis] + part.shape[axis];
  }
  return end > shape[axis] ? undefined : concatenate([...parts, ...gap(shape[axis] - end)], axis);
}

/** The part of `x` that `place` put there; what fell outside reads as 0. */
function takeBack(x: Tensor, shape: Shape, starts: readonly number[], steps: readonly number[]): Tensor {
  const last = starts.map((start, axis) => start + (shape[axis] - 1) * steps[axis]);
  const below = starts.map((start, axis) => Math.max(0, -Math.min(start, last[axis])));
  const above = starts.map((start, axis) => Math.max(0, Math.max(start, last[axis]) - x.shape[axis] + 1));
  const needed = below.some((n) => n > 0) || above.some((n) => n > 0);
  const room = x.shape.map((extent, axis) => extent + below[axis] + above[axis]);
  const wide = needed ? place(x, { shape: room, starts: below, steps: x.shape.map(() => 1), value: 0 }) : x;
  return apply(sliceOp, [wide], { starts: starts.map((start, axis) => start + below[axis]), steps, shape });
}

/** `x` inside a larger tensor: element i of an axis goes to starts + i steps, everything else is `value`. */
export function place(x: Tensor, attributes: PlaceAttributes): Tensor {
  return apply(placeOp, [x], attributes);
}

/** Part of one axis: `{ start, end, step }` as in NumPy (negative positions count from the end, a negative step walks backwards), or one position, which drops the axis. */
export type SliceRange = number | null | { readonly start?: number; readonly end?: number; readonly step?: number };

/** Part of `x`: one range per leading axis (null keeps the whole axis): `slice(x, [0, { start: 1, end: -1 }])`. */
export function slice(x: Tensor, ranges: readonly SliceRange[]): Tensor {
  if (ranges.length > x.rank) {
    throw new ShapeError(
      `slice: ${ranges.length} ranges for ${formatShape(x.shape)}, which has ${x.rank} axes; give at most one range per axis.`,
    );
  }
  const parts = x.shape.map((extent, axis) => resolve(ranges[axis] ?? null, extent, axis, x.shape));
  const shape = parts.map((part) => part.length);
  const whole = sameShape(shape, x.shape) && parts.every((part) => part.step === 1);
  const cut = whole
    ? x
    : apply(sliceOp, [x], { starts: parts.map((p) => p.start), steps: parts.map((p) => p.step), shape });
  const kept = shape.filter((_, axis) => typeof ranges[axis] !== "number");
  return kept.length === shape.length ? cut : cut.reshape(kept);
}

function resolve(
  range: SliceRange,
  extent: number,
  axis: number,
  shape: Shape,
): { start: number; step: number; length: number } {
  if (range === null) return { start: 0, step: 1, length: extent };
  if (typeof range === "number") {
    const at = range < 0 ? range + extent : range;
    if (!Number.isInteger(range) || at < 0 || at >= extent) {
      throw new ShapeError(
        `slice: position ${range} is outside axis ${axis} of ${formatShape(shape)}; use ${-extent} to ${extent - 1}.`,
      );
    }
    return { start: at, step: 1, length: 1 };
  }
  const step = range.step ?? 1;
  if (!Number.isInteger(step) || step === 0)
    throw new ArgumentError(`slice: step ${step} on axis ${axis}; give a whole number that is not 0.`);
  const from = (position: number): number => (position < 0 ? position + extent : position);
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const limit = (position: number): number => Math.min(high, Math.max(low, position));
  const start = limit(range.start === undefined ? (step > 0 ? 0 : extent - 1) : from(range.start));
  const end = limit(range.end === undefined ? (step > 0 ? extent : -1) : from(range.end));
  return { start, step, length: Math.max(0, Math.ceil((end - start) / step)) };
}

/** Positions `start` to `start + length - 1` of one axis; a negative start counts from the end. */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  const at = normalizeAxis("narrow", axis, x.rank);
  const extent = x.shape[at];
  const first = start < 0 ? start + extent : start;
  if (!Number.isInteger(start) || !Number.isInteger(length) || first < 0 || length < 0 || first + length > extent) {
    throw new ShapeError(
      `narrow: ${length} positions from ${start} lie outside axis ${at} of ${formatShape(x.shape)}; start + length may be at most ${extent}.`,
    );
  }
  return slice(
    x,
    x.shape.map((_, a) => (a === at ? { start: first, end: first + length } : null)),
  );
}

/** `x` with the order of elements along `axes` (all by default) reversed. */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  const flipped = new Set(normalizeAxes("flip", axes, x.rank));
  return slice(
    x,
    x.shape.map((_, axis) => (flipped.has(axis) ? { step: -1 } : null)),
  );
}
