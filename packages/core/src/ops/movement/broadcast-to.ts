/** Repeats axes of extent 1. */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { broadcastShapes, checkShape, formatShape, type Shape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { sum } from "../reduction/reduce.ts";
import { reshape } from "./reshape.ts";

export const broadcastToOp: OpDefinition<{ readonly shape: Shape }> = /* @__PURE__ */ defineOp({
  name: "broadcastTo",
  traits: { repeats: true },
  infer: ([x], { shape }): Signature => {
    const result = checkShape("broadcastTo", shape);
    if (!sameShape(broadcastShapes("broadcastTo", x.shape, result), result)) {
      throw new ShapeError(
        `broadcastTo: ${formatShape(x.shape)} does not broadcast to ${formatShape(result)}; only axes of extent 1 can grow.`,
      );
    }
    return { shape: result, dtype: x.dtype };
  },
  lower: (element) => {
    const [{ shape }] = element.inputs;
    const skipped = element.index.length - shape.length;
    return element.load(
      0,
      shape.map((extent, axis) => (extent === 1 ? element.build.fixed(0) : element.index[axis + skipped])),
    );
  },
  gradient: (outputGradient, { inputs: [x] }) => [sumTo(outputGradient, x.shape)],
});

/** `x` with axes of extent 1 repeated, and axes added in front, until it has `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(broadcastToOp, [x], { shape });
}

/** The adjoint of broadcasting: sums the repeated axes away. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const skipped = x.rank - shape.length;
  const axes = x.shape
    .map((_, axis) => axis)
    .filter((axis) => axis < skipped || (shape[axis - skipped] === 1 && x.shape[axis] !== 1));
  return reshape(sum(x, { axes }), shape);
}
