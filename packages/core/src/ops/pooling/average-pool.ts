/** Average pooling and its adjoint, which are each other's gradients. */
import type { Signature } from "../../backend/backend.ts";
import type { DType } from "../../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { full } from "../creation/full.ts";
import { iota } from "../creation/iota.ts";
import { add, divide, maximum, minimum, multiply, subtract } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { broadcastTo } from "../movement/broadcast-to.ts";
import { reshape } from "../movement/reshape.ts";
import { sum } from "../reduction/reduce.ts";
import { type PoolAttributes, poolCounts, poolFold, poolShape, poolWindows } from "./geometry.ts";

/** Dilation is 1 on every axis. */
export interface AveragePoolAttributes extends PoolAttributes {
  /** Whether the padding counts as elements; what hangs over beyond it never does. */
  readonly countIncludePad: boolean;
}

interface AdjointAttributes extends AveragePoolAttributes {
  /** Spatial extents of the input. */
  readonly spatial: Shape;
}

/** x [N, C, ...spatial] to the mean of each window. */
export const averagePoolOp: OpDefinition<AveragePoolAttributes> = /* @__PURE__ */ defineOp({
  name: "averagePool",
  infer: ([x], attributes): Signature => ({ shape: poolShape("averagePool", x.shape, attributes), dtype: x.dtype }),
  decompose: ([x], attributes) => {
    const axes = attributes.kernel.map((_, i) => i - attributes.kernel.length);
    return divide(sum(poolWindows(x, attributes, 0), { axes }), windowSizes(x.shape, x.dtype, attributes));
  },
  gradient: (g, { inputs: [x] }, attributes) => [
    apply(averagePoolGradientOp, [g], { ...attributes, spatial: x.shape.slice(2) }),
  ],
  flops: (_, output, { kernel }) => sizeOf(output.shape) * sizeOf(kernel),
});

/** g of the pooled shape to [N, C, ...spatial]: every element of g in equal shares to its window. */
export const averagePoolGradientOp: OpDefinition<AdjointAttributes> = /* @__PURE__ */ defineOp({
  name: "averagePoolGradient",
  infer: ([g], { spatial }): Signature => ({ shape: [...g.shape.slice(0, 2), ...spatial], dtype: g.dtype }),
  decompose: ([g], attributes) => {
    const { kernel, spatial } = attributes;
    const shape = [...g.shape.slice(0, 2), ...spatial];
    const shares = divide(g, windowSizes(shape, g.dtype, attributes));
    const windows = broadcastTo(reshape(shares, [...g.shape, ...kernel.map(() => 1)]), [...g.shape, ...kernel]);
    return poolFold(windows, shape, attributes);
  },
  gradient: (gg, _, { spatial: __, ...attributes }) => [apply(averagePoolOp, [gg], attributes)],
});

/** What each window's sum is divided by: [...counts], or one number where all windows count the same. */
function windowSizes(x: Shape, dtype: DType, attributes: AveragePoolAttributes): Tensor {
  const { kernel, stride, padding, countIncludePad } = attributes;
  const counts = poolCounts(x, attributes);
  return counts.reduce(
    (sizes, count, i) => {
      const [before, after] = padding[i];
      const [low, high] = countIncludePad ? [-before, x[2 + i] + after] : [0, x[2 + i]];
      if (-before >= low && (count - 1) * stride[i] - before + kernel[i] <= high) return multiply(sizes, kernel[i]);
      const start = subtract(multiply(iota([count]), stride[i]), before);
      const size = subtract(minimum(add(start, kernel[i]), high), maximum(start, low));
      return multiply(sizes, reshape(cast(size, dtype), [count, ...counts.slice(i + 1).map(() => 1)]));
    },
    full([], 1, dtype),
  );
}
