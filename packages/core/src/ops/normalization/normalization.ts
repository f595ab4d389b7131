/**
 * Normalization: (x - mean) / sqrt(variance + epsilon) * scale + shift, with statistics over some axes of x itself.
 *
 * scale and shift have the rank of x and extent 1 where they repeat; batch norm takes its statistics over all axes but
 * the channels, layer, group and instance norm over axes of each example.
 */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, sameShape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, divide, multiply, subtract } from "../elementwise/arithmetic.ts";
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
    const along = multiply(g, standard);
    const forScale = sumTo(along, scale.shape);
    const forShift = sumTo(g, shift.shape);
    const over = { axes: attributes.axes, keepAxes: true };
    const count = attributes.axes.reduce((size, axis) => size * x.shape[axis], 1);
    // Batch norm's scale is constant where the means are taken, so its gradient's sums serve for them too.
    const outside = sameShape(scale.shape, inverseDeviation.shape) && sameShape(shift.shape, scale.shape);
    const meanOf = (summed: Tensor, terms: Tensor): Tensor =>
      outside ? divide(summed, count) : mean(multiply(terms, scale), over);
    const centered = outside ? g : multiply(g, scale);
    const inner = subtract(subtract(centered, meanOf(forShift, g)), multiply(standard, meanOf(forScale, along)));
    const forX = multiply(inner, outside ? multiply(inverseDeviation, scale) : inverseDeviation);
    return [forX, forScale, forShift];
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
