/** Axes in another order. */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, normalizeAxis } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

export const permuteOp: OpDefinition<{ readonly order: readonly number[] }> = /* @__PURE__ */ defineOp({
  name: "permute",
  infer: ([x], { order }): Signature => ({ shape: order.map((axis) => x.shape[axis]), dtype: x.dtype }),
  lower: (element, { order }) => {
    const position = [...element.index];
    order.forEach((axis, at) => {
      position[axis] = element.index[at];
    });
    return element.load(0, position);
  },
  gradient: (outputGradient, _, { order }) => [permute(outputGradient, inverse(order))],
});

/** Axis i of the result is axis `order[i]` of `x`. */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const axes = order.map((axis) => normalizeAxis("permute", axis, x.rank));
  if (axes.length !== x.rank || new Set(axes).size !== x.rank) {
    throw new ShapeError(
      `permute: [${order.join(", ")}] does not name each axis of ${formatShape(x.shape)} once; give a permutation of 0 to ${x.rank - 1}.`,
    );
  }
  return axes.every((axis, at) => axis === at) ? x : apply(permuteOp, [x], { order: axes });
}

/** `x` with two axes exchanged; by default the last two. */
export function transpose(x: Tensor, first = -2, second = -1): Tensor {
  if (x.rank < 2)
    throw new ShapeError(
      `transpose: ${formatShape(x.shape)} has no two axes to exchange; reshape it to a matrix first.`,
    );
  const [a, b] = [normalizeAxis("transpose", first, x.rank), normalizeAxis("transpose", second, x.rank)];
  const order = x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
  return permute(x, order);
}

function inverse(order: readonly number[]): number[] {
  const result = new Array<number>(order.length);
  order.forEach((axis, at) => {
    result[axis] = at;
  });
  return result;
}
