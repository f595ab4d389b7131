/** Shapes: sizes, strides, broadcasting and axis arithmetic. */
import { ShapeError } from "./errors.ts";

/** The extent of each axis, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements of `shape`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Element strides of a contiguous row-major array of `shape`. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** `[2, 3]`, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Checks that every extent is a whole number of at least 0, and returns a frozen copy. */
export function checkShape(op: string, shape: Shape): Shape {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new ShapeError(`${op}: shape ${formatShape(shape)} has extent ${extent}; extents are whole numbers >= 0.`);
    }
  }
  return Object.freeze([...shape]);
}

/** `axis` counted from the front; negative axes count from the end. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new ShapeError(
      `${op}: axis ${axis} is out of range for a tensor of rank ${rank}; use ${-rank} to ${rank - 1}.`,
    );
  }
  return normal;
}

/** Axes as distinct ascending positions; undefined means all. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : axes;
  const normal = list.map((axis) => normalizeAxis(op, axis, rank)).sort((a, b) => a - b);
  if (new Set(normal).size !== normal.length) {
    throw new ShapeError(`${op}: axes [${list.join(", ")}] name an axis twice; name each axis once.`);
  }
  return normal;
}

/** The shape that both broadcast to, aligning the last axes (NumPy's rule). */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${op}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: axis ${rank - i} is ${x} and ${y}. ` +
          "Axes are aligned from the last; each pair must be equal or contain a 1. Use reshape or unsqueeze to line them up.",
      );
    }
    result[rank - i] = x === 1 ? y : x;
  }
  return result;
}
