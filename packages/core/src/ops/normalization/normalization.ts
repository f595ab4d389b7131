/**
 * Normalization: (x - mean) / sqrt(variance + epsilon) * scale + shift, with statistics over some axes of x itself.
 *
 * scale and shift have the rank of x and extent 1 where they repeat; batch norm takes its statistics over all axes but
 * the channels, layer, group and instance norm over axes of each example.
 */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, multiply, subtract } from "../elementwise/arithmetic.ts";
import { rsqrt } from "../elementwise/unary.ts";
import { sumTo } from "../movement/broadcast-to.ts";
import { mean, variance } from "../reduction/statistics.ts";

export interface NormalizationAttributes {
  /** The axes over which the statistics are taken, ascending. */
  readonly axes: readonly number[];
  /** Added to the variance. */
  readonly epsilon: number;
}

/** inputs: x, scale, shift. */
export const normalizationOp: OpDefinition<NormalizationAttributes> = /* @__PURE__ */ defineOp({
  name: "normalization",
  infer: ([x, scale, shift]): Signature => {
    for (const { shape } of [scale, shift]) {
      if (shape.length === x.shape.length && shape.every((extent, axis) => extent === 1 || extent === x.shape[axis]))
        continue;
      throw new ShapeError(
        `normalization: scale or shift ${formatShape(shape)} does not repeat into input ${formatShape(x.shape)}; give it extent 1 on the other axes.`,
      );
    }
    return { shape: x.shape, dtype: x.dtype };
  },
  decompose: ([x, scale, shift], attributes) => add(multiply(standardize(x, attributes).standard, scale), shift),
  // With h = g scale and s the standardized x: dx = (h - mean(h) - s mean(h s)) / deviation.
  gradient: (g, { inputs: [x, scale, shift] }, attributes) => {
    const { standard, inverseDeviation } = standardize(x, attributes);
    const over = { axes: attributes.axes, keepAxes: true };
    const scaled = multiply(g, scale);
    const along = multiply(standard, mean(multiply(scaled, standard), over));
    const forX = multiply(subtract(subtract(scaled, mean(scaled, over)), along), inverseDeviation);
    return [forX, sumTo(multiply(g, standard), scale.shape), sumTo(g, shift.shape)];
  },
  flops: ([x]) => 8 * sizeOf(x.shape),
});

/** x with mean 0 and variance 1 over the axes, and what it was multiplied by for that. */
function standardize(
  x: Tensor,
  { axes, epsilon }: NormalizationAttributes,
): { standard: Tensor; inverseDeviation: Tensor } {
  const inverseDeviation = rsqrt(add(variance(x, { axes, keepAxes: true }), epsilon));
  return { standard: multiply(subtract(x, mean(x, { axes, keepAxes: true })), inverseDeviation), inverseDeviation };
}
