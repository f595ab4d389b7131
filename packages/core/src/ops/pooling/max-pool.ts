/**
 * Max pooling, and the two ops that its gradients are made of.
 *
 * The gradient goes to the first maximum of each window in row-major order; a NaN counts as the maximum. maxPoolSelect
 * reads a second tensor at those places, maxPoolGradient adds to them: each is linear in its second input and the
 * other's adjoint, so gradients of any order exist. Where the maxima are is piecewise constant and has no gradient.
 */
import type { Signature } from "../../backend/backend.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { full } from "../creation/full.ts";
import { iota } from "../creation/iota.ts";
import { equal, isNaN, logicalAnd, logicalOr } from "../elementwise/comparison.ts";
import { where } from "../elementwise/where.ts";
import { reshape } from "../movement/reshape.ts";
import { once } from "../once.ts";
import { max, min, sum } from "../reduction/reduce.ts";
import { type PoolAttributes, poolFold, poolShape, poolWindows } from "./geometry.ts";

/** x [N, C, ...spatial] to the largest element of each window. */
export const maxPoolOp: OpDefinition<PoolAttributes> = /* @__PURE__ */ defineOp({
  name: "maxPool",
  infer: ([x], attributes): Signature => ({ shape: poolShape("maxPool", x.shape, attributes), dtype: x.dtype }),
  decompose: ([x], attributes) =>
    max(poolWindows(x, attributes, Number.NEGATIVE_INFINITY), { axes: kernelAxes(attributes) }),
  gradient: (g, { inputs: [x] }, attributes) => [apply(maxPoolGradientOp, [x, g], attributes)],
  flops: (_, output, { kernel }) => sizeOf(output.shape) * sizeOf(kernel),
});

/** (x, g of the pooled shape): zeros in the shape of x, with every element of g added where its window has its maximum. */
export const maxPoolGradientOp: OpDefinition<PoolAttributes> = /* @__PURE__ */ defineOp({
  name: "maxPoolGradient",
  infer: ([x, g]): Signature => ({ shape: x.shape, dtype: g.dtype }),
  decompose: ([x, g], attributes) => {
    const chosen = firstMaxima(x, attributes);
    const spread = where(chosen, reshape(g, [...g.shape, ...attributes.kernel.map(() => 1)]), 0);
    return poolFold(spread, x.shape, attributes);
  },
  gradient: (gg, { inputs: [x] }, attributes) => [null, apply(maxPoolSelectOp, [x, gg], attributes)],
});

/** (x, y of its shape): the elements of y where the windows of x have their maxima. */
export const maxPoolSelectOp: OpDefinition<PoolAttributes> = /* @__PURE__ */ defineOp({
  name: "maxPoolSelect",
  infer: ([x, y], attributes): Signature => ({
    shape: poolShape("maxPoolSelect", x.shape, attributes),
    dtype: y.dtype,
  }),
  decompose: ([x, y], attributes) =>
    sum(where(firstMaxima(x, attributes), poolWindows(y, attributes, 0), 0), { axes: kernelAxes(attributes) }),
  gradient: (g, { inputs: [x] }, attributes) => [null, apply(maxPoolGradientOp, [x, g], attributes)],
});

/** bool [N, C, ...counts, ...kernel]: true at the first maximum of each window. */
function firstMaxima(x: Tensor, attributes: PoolAttributes): Tensor {
  const axes = kernelAxes(attributes);
  const patches = poolWindows(once(x), attributes, Number.NEGATIVE_INFINITY);
  // The surroundings equal the maximum where a window holds nothing but -Infinity; they are never chosen.
  const inside = poolWindows(full(x.shape, 1, "bool"), attributes, 0);
  const largest = logicalOr(equal(patches, max(patches, { axes, keepAxes: true })), isNaN(patches));
  const places = sizeOf(attributes.kernel);
  const position = reshape(iota([places]), attributes.kernel);
  return equal(min(where(logicalAnd(largest, inside), position, places), { axes, keepAxes: true }), position);
}

function kernelAxes({ kernel }: PoolAttributes): number[] {
  return kernel.map((_, i) => i - kernel.length);
}
