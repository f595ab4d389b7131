/** Padding, and other movements made of slices and joins. */
import { ArgumentError, ShapeError } from "../../errors.ts";
import { formatShape, normalizeAxes, normalizeAxis } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { broadcastTo } from "./broadcast-to.ts";
import { concatenate } from "./concatenate.ts";
import { reshape } from "./reshape.ts";
import { flip, narrow, place } from "./slice.ts";

export interface PadOptions {
  /** `constant` fills with `value`; `reflect` mirrors without repeating the edge; `edge` repeats it. */
  readonly mode?: "constant" | "reflect" | "edge";
  readonly value?: number;
}

/** `x` with `padding[axis] = [before, after]` elements added to each axis; negative numbers cut (constant mode only). */
export function pad(
  x: Tensor,
  padding: readonly (readonly [before: number, after: number])[],
  options: PadOptions = {},
): Tensor {
  const { mode = "constant", value = 0 } = options;
  if (padding.length !== x.rank || !padding.flat().every(Number.isInteger)) {
    throw new ShapeError(
      `pad: [${padding.map((pair) => `[${pair.join(", ")}]`).join(", ")}] for ${formatShape(x.shape)}; give one [before, after] pair of whole numbers per axis.`,
    );
  }
  if (padding.every(([before, after]) => before === 0 && after === 0)) return x;
  if (mode === "constant") {
    const shape = x.shape.map((extent, axis) => extent + padding[axis][0] + padding[axis][1]);
    if (shape.some((extent) => extent < 0))
      throw new ShapeError(`pad: ${formatShape(x.shape)} would become ${formatShape(shape)}; cut less.`);
    return place(x, { shape, starts: padding.map(([before]) => before), steps: shape.map(() => 1), value });
  }
  return padding.reduce((result, [before, after], axis) => padAxis(result, axis, before, after, mode), x);
}

function padAxis(x: Tensor, axis: number, before: number, after: number, mode: "reflect" | "edge"): Tensor {
  if (before === 0 && after === 0) return x;
  const extent = x.shape[axis];
  const limit = mode === "reflect" ? extent - 1 : Number.POSITIVE_INFINITY;
  if (before < 0 || after < 0 || before > limit || after > limit || extent === 0) {
    throw new ShapeError(
      `pad: mode ${mode} cannot add [${before}, ${after}] to axis ${axis} of ${formatShape(x.shape)}; ${mode === "reflect" ? `at most ${limit} on each side` : "give numbers >= 0 and an axis that is not empty"}.`,
    );
  }
  const side = (count: number, reflected: number, edge: number): Tensor[] => {
    if (count === 0) return [];
    if (mode === "reflect") return [flip(narrow(x, axis, reflected, count), axis)];
    return [
      broadcastTo(
        narrow(x, axis, edge, 1),
        x.shape.map((n, a) => (a === axis ? count : n)),
      ),
    ];
  };
  return concatenate([...side(before, 1, 0), x, ...side(after, extent - 1 - after, extent - 1)], axis);
}

/** `x` moved by `shift` places along `axis`; what leaves one end enters at the other. */
export function roll(x: Tensor, shift: number, axis = 0): Tensor {
  const at = normalizeAxis("roll", axis, x.rank);
  if (!Number.isInteger(shift)) throw new ArgumentError(`roll: shift is ${shift}; give a whole number.`);
  const extent = x.shape[at];
  const places = extent === 0 ? 0 : ((shift % extent) + extent) % extent;
  if (places === 0) return x;
  return concatenate([narrow(x, at, extent - places, places), narrow(x, at, 0, extent - places)], at);
}

/** `x` repeated `repeats[axis]` times along each axis; axes are added in front where there are more repeats. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  if (!repeats.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ArgumentError(`tile: repeats are [${repeats.join(", ")}]; give whole numbers >= 0.`);
  }
  const rank = Math.max(x.rank, repeats.length);
  const shape = [...Array.from({ length: rank - x.rank }, () => 1), ...x.shape];
  const counts = [...Array.from({ length: rank - repeats.length }, () => 1), ...repeats];
  const apart = reshape(
    x,
    shape.flatMap((extent) => [1, extent]),
  );
  const repeated = broadcastTo(
    apart,
    shape.flatMap((extent, axis) => [counts[axis], extent]),
  );
  return reshape(
    repeated,
    shape.map((extent, axis) => extent * counts[axis]),
  );
}

/** Axes moved from `source` to `destination`, the others staying in order. */
export function moveAxis(x: Tensor, source: number, destination: number): Tensor {
  const from = normalizeAxis("moveAxis", source, x.rank);
  const to = normalizeAxis("moveAxis", destination, x.rank);
  const order = normalizeAxes("moveAxis", undefined, x.rank).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return x.permute(order);
}
