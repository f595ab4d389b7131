/**
 * Reading and adding at positions given by a tensor.
 *
 * Positions outside the axis cannot be reported from a device, so they are never followed: reading there gives NaN
 * (0 for integers), and adding there does nothing.
 */
import type { Signature } from "../../backend/backend.ts";
import type { ElementBuilder } from "../../compiler/element.ts";
import type { Expression, Index } from "../../compiler/expression.ts";
import { type DType, isFloat } from "../../dtype.ts";
import { DTypeError, ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, normalizeAxis, type Shape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { iota } from "../creation/iota.ts";
import { add } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { equal } from "../elementwise/comparison.ts";
import { broadcastTo } from "../movement/broadcast-to.ts";
import { unsqueeze } from "../movement/reshape.ts";

interface AxisAttributes {
  readonly axis: number;
}

interface ReadAttributes extends AxisAttributes {
  /** Reads 0 outside the axis, as the adjoint of adding must: what was dropped has no influence. */
  readonly zeroOutside?: boolean;
}

interface AddAttributes extends AxisAttributes {
  /** Extent of the axis in the result. */
  readonly extent: number;
}

/** Loads input 0 at `position`, whose entry on the axis comes from a tensor; NaN or 0 outside. */
function loadAt(
  e: ElementBuilder,
  at: Expression,
  { axis, zeroOutside }: ReadAttributes,
  position: (index: Index) => readonly Index[],
): Expression {
  const { build } = e;
  const [{ shape, dtype }] = e.inputs;
  const index = build.fromExpression(at);
  const inside = build.inRange(index, shape[axis]);
  const value = e.load(0, position(index), inside);
  return isFloat(dtype) && !zeroOutside ? e.apply("where", inside, value, e.constant(Number.NaN, dtype)) : value;
}

/** (x, indices int32 of x's rank): element (.., i, ..) is x at (.., indices[.., i, ..], ..). */
export const gatherOp: OpDefinition<ReadAttributes> = /* @__PURE__ */ defineOp({
  name: "gather",
  infer: ([x, indices]): Signature => ({ shape: indices.shape, dtype: x.dtype }),
  lower: (e, attributes) =>
    loadAt(e, e.load(1), attributes, (at) => e.index.map((index, a) => (a === attributes.axis ? at : index))),
  gradient: (g, { inputs: [x, indices] }, { axis }) => [
    broadcastAdd(apply(scatterAddOp, [g, indices], { axis, extent: x.shape[axis] }), x.shape, axis),
    null,
  ],
});

/** (updates, indices of the same shape): zeros, with every update added at its position along the axis. */
export const scatterAddOp: OpDefinition<AddAttributes> = /* @__PURE__ */ defineOp({
  name: "scatterAdd",
  infer: ([updates], { axis, extent }): Signature => ({
    shape: updates.shape.map((size, a) => (a === axis ? extent : size)),
    dtype: updates.dtype,
  }),
  lower: (e, { axis }) => {
    const { build } = e;
    const target = build.position(e.index[axis]);
    return e.reduce("sum", [e.inputs[0].shape[axis]], ([at]) => {
      const position = e.index.map((index, a) => (a === axis ? at : index));
      return e.load(0, position, e.apply("equal", e.load(1, position), target));
    });
  },
  gradient: (g, { inputs: [, indices] }, { axis }) => [
    apply(gatherOp, [g, indices], { axis, zeroOutside: true }),
    null,
  ],
});

/** (x, indices of any shape): x with the axis replaced by the axes of indices. */
export const takeOp: OpDefinition<ReadAttributes> = /* @__PURE__ */ defineOp({
  name: "take",
  infer: ([x, indices], { axis }): Signature => ({
    shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
    dtype: x.dtype,
  }),
  lower: (e, attributes) => {
    const { axis } = attributes;
    const rank = e.inputs[1].shape.length;
    const at = e.load(1, e.index.slice(axis, axis + rank));
    return loadAt(e, at, attributes, (index) => [...e.index.slice(0, axis), index, ...e.index.slice(axis + rank)]);
  },
  gradient: (g, { inputs: [x, indices] }, { axis }) => [
    apply(takeAddOp, [g, indices], { axis, extent: x.shape[axis] }),
    null,
  ],
});

/** The adjoint of take: (updates, indices) to zeros with every slice of updates added at its index. */
export const takeAddOp: OpDefinition<AddAttributes> = /* @__PURE__ */ defineOp({
  name: "takeAdd",
  infer: ([updates, indices], { axis, extent }): Signature => ({
    shape: [...updates.shape.slice(0, axis), extent, ...updates.shape.slice(axis + indices.shape.length)],
    dtype: updates.dtype,
  }),
  lower: (e, { axis }) => {
    const { build } = e;
    const target = build.position(e.index[axis]);
    return e.reduce("sum", e.inputs[1].shape, (at) => {
      const position = [...e.index.slice(0, axis), ...at, ...e.index.slice(axis + 1)];
      return e.load(0, position, e.apply("equal", e.load(1, at), target));
    });
  },
  gradient: (g, { inputs: [, indices] }, { axis }) => [apply(takeOp, [g, indices], { axis, zeroOutside: true }), null],
});

function positions(op: string, indices: Tensor): Tensor {
  if (isFloat(indices.dtype) || indices.dtype === "bool") {
    throw new DTypeError(
      `${op}: indices are ${indices.dtype}; positions are whole numbers. Use indices.cast("int32").`,
    );
  }
  return cast(indices, "int32");
}

/** Grows a scattered gradient back to x where the indices covered less of another axis. */
function broadcastAdd(gradient: Tensor, shape: Shape, axis: number): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient;
  return gradient.pad(
    shape.map((extent, a) => (a === axis ? [0, 0] : ([0, extent - gradient.shape[a]] as const))) as [number, number][],
  );
}

/** PyTorch's gather: `indices` has the rank of `x`, and its other extents at most those of `x`; the result has its shape. */
export function gather(x: Tensor, indices: Tensor, axis: number): Tensor {
  const at = normalizeAxis("gather", axis, x.rank);
  if (indices.rank !== x.rank || indices.shape.some((extent, a) => a !== at && extent > x.shape[a])) {
    throw new ShapeError(
      `gather: indices ${formatShape(indices.shape)} for ${formatShape(x.shape)}; they need the same number of axes, none but axis ${at} longer than x's. Use indexSelect for a list of positions.`,
    );
  }
  return apply(gatherOp, [x, positions("gather", indices)], { axis: at });
}

/** `x` with `updates` added at the positions `indices` along `axis`; equal positions add up. */
export function scatterAdd(x: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  const at = normalizeAxis("scatterAdd", axis, x.rank);
  if (
    !sameShape(indices.shape, updates.shape) ||
    updates.rank !== x.rank ||
    updates.shape.some((extent, a) => a !== at && extent > x.shape[a])
  ) {
    throw new ShapeError(
      `scatterAdd: indices ${formatShape(indices.shape)} and updates ${formatShape(updates.shape)} for ${formatShape(x.shape)}; indices and updates need one shape that fits x outside axis ${at}.`,
    );
  }
  const sums = apply(scatterAddOp, [cast(updates, x.dtype), positions("scatterAdd", indices)], {
    axis: at,
    extent: x.shape[at],
  });
  return add(x, broadcastAdd(sums, x.shape, at));
}

/** The slices of `x` at `indices` (of any shape) along `axis`; the axis is replaced by the axes of `indices`. */
export function indexSelect(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return apply(takeOp, [x, positions("indexSelect", indices)], { axis: normalizeAxis("indexSelect", axis, x.rank) });
}

/** Rows of `weight` [vocabulary, width] for token numbers of any shape: [..., width]. */
export function embedding(weight: Tensor, tokens: Tensor): Tensor {
  if (weight.rank !== 2)
    throw new ShapeError(`embedding: weight has shape ${formatShape(weight.shape)}; it must be [vocabulary, width].`);
  return indexSelect(weight, tokens, 0);
}

/** 1 where the new last axis equals the class number, else 0: [...] to [..., classes]. */
export function oneHot(indices: Tensor, classes: number, dtype: DType = "float32"): Tensor {
  const labels = unsqueeze(positions("oneHot", indices), -1);
  const shape = [...indices.shape, classes];
  return cast(equal(broadcastTo(labels, shape), iota(shape, -1)), dtype);
}
