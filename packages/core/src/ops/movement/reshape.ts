/** Other shapes for the same elements in the same order. */
import type { Signature } from "../../backend/backend.ts";
import type { Index } from "../../compiler/expression.ts";
import { ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { checkShape, formatShape, normalizeAxes, type Shape, sameShape, sizeOf, stridesOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

export const reshapeOp: OpDefinition<{ readonly shape: Shape }> = /* @__PURE__ */ defineOp({
  name: "reshape",
  traits: { relabels: true, repeats: true },
  infer: ([x], { shape }): Signature => {
    const result = checkShape("reshape", shape);
    if (sizeOf(result) !== sizeOf(x.shape)) {
      throw new ShapeError(
        `reshape: ${formatShape(x.shape)} has ${sizeOf(x.shape)} elements, ${formatShape(result)} has ${sizeOf(result)}; ` +
          "both must hold the same number. One extent may be -1 to be worked out.",
      );
    }
    return { shape: result, dtype: x.dtype };
  },
  lower: (element) => {
    const { build } = element;
    const strides = stridesOf(element.output.shape);
    let flat: Index = build.fixed(0);
    element.index.forEach((index, axis) => {
      flat = build.addIndex(flat, build.scaleIndex(index, strides[axis]));
    });
    const [{ shape }] = element.inputs;
    const position: Index[] = [];
    for (let axis = shape.length - 1; axis > 0; axis--) {
      if (shape[axis] === 1) {
        position[axis] = build.fixed(0);
        continue;
      }
      const [quotient, remainder] = build.divideIndex(flat, shape[axis]);
      position[axis] = remainder;
      flat = quotient;
    }
    if (shape.length > 0) position[0] = flat;
    return element.load(0, position);
  },
  gradient: (outputGradient, { inputs: [x] }) => [reshape(outputGradient, x.shape)],
});

/** `x` with another shape of the same size; one extent may be -1, to be worked out from the others. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.indexOf(-1);
  let target = shape;
  if (unknown >= 0) {
    const known = shape.reduce((size, extent, axis) => (axis === unknown ? size : size * extent), 1);
    if (known === 0 || x.size % known !== 0 || shape.lastIndexOf(-1) !== unknown) {
      throw new ShapeError(
        `reshape: ${formatShape(x.shape)} has ${x.size} elements and does not fit ${formatShape(shape)}; only one extent may be -1, and the others must divide the size.`,
      );
    }
    target = shape.map((extent, axis) => (axis === unknown ? x.size / known : extent));
  }
  if (sameShape(x.shape, target)) return x;
  // A reshape of a reshape is one reshape.
  const base = !x.source && x.op === reshapeOp ? x.inputs[0] : x;
  return sameShape(base.shape, target) ? base : apply(reshapeOp, [base], { shape: target });
}

/** `x` without axes of extent 1: all of them, or those given. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const dropped = new Set(normalizeAxes("squeeze", axes, x.rank));
  for (const axis of dropped) {
    if (axes !== undefined && x.shape[axis] !== 1) {
      throw new ShapeError(
        `squeeze: axis ${axis} of ${formatShape(x.shape)} is ${x.shape[axis]}; only axes of extent 1 can go.`,
      );
    }
  }
  return reshape(
    x,
    x.shape.filter((extent, axis) => !(dropped.has(axis) && extent === 1)),
  );
}

/** `x` with an axis of extent 1 inserted at `axis` of the result. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const [at] = normalizeAxes("unsqueeze", axis, x.rank + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** `x` with the axes from `start` to `end` (included) joined into one. */
export function flatten(x: Tensor, start = 0, end = -1): Tensor {
  if (x.rank === 0) return reshape(x, [1]);
  const [from] = normalizeAxes("flatten", start, x.rank);
  const [to] = normalizeAxes("flatten", end, x.rank);
  if (from > to) throw new ShapeError(`flatten: axis ${start} comes after axis ${end}; give the first axis first.`);
  return reshape(x, [...x.shape.slice(0, from), sizeOf(x.shape.slice(from, to + 1)), ...x.shape.slice(to + 1)]);
}
