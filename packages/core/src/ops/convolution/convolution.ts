/**
 * Convolution (cross-correlation) over any number of spatial axes, and its two gradients.
 *
 * x [N, C, ...spatial] and weight [O, C / groups, ...kernel] give [N, O, ...out]. All three ops are linear in each
 * operand and are each other's gradients. They decompose into windows (im2col), a product and a sum; the input's
 * gradient ends in fold (col2im).
 */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, type Shape, sizeOf } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { multiply } from "../elementwise/arithmetic.ts";
import { reshape } from "../movement/reshape.ts";
import { place, sliceOp } from "../movement/slice.ts";
import { sum } from "../reduction/reduce.ts";
import { foldOp, windowCount, windowsOp } from "./windows.ts";

/** Geometry of a convolution; one entry per spatial axis. */
export interface ConvolutionAttributes {
  readonly stride: readonly number[];
  /** Zeros added before and after. */
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

interface InputGradientAttributes extends ConvolutionAttributes {
  /** Spatial extents of the input. */
  readonly spatial: Shape;
}

interface WeightGradientAttributes extends ConvolutionAttributes {
  /** Spatial extents of the weight. */
  readonly kernel: Shape;
}

export const convolutionOp: OpDefinition<ConvolutionAttributes> = /* @__PURE__ */ defineOp({
  name: "convolution",
  infer: ([x, weight], attributes): Signature => {
    checkOperands(x.shape, weight.shape, attributes);
    const counts = outputExtents(x.shape, weight.shape.slice(2), attributes);
    if (counts.some((count) => count < 1)) {
      throw new ShapeError(
        `convolution: the kernel of weight ${formatShape(weight.shape)} with dilation ${formatShape(attributes.dilation)} does not fit input ${formatShape(x.shape)}; ` +
          "use a smaller kernel, more padding or a larger input.",
      );
    }
    return { shape: [x.shape[0], weight.shape[0], ...counts], dtype: x.dtype };
  },
  decompose: ([x, weight], attributes) => {
    const { groups } = attributes;
    const [batch, channels] = x.shape;
    const [outputs, perGroup, ...kernel] = weight.shape;
    const counts = outputExtents(x.shape, kernel, attributes);
    // [N, groups, 1, C/groups, ...counts, ...kernel] times [groups, O/groups, C/groups, ...1, ...kernel].
    const patches = reshape(windowsOf(x, kernel, attributes), [
      batch,
      groups,
      1,
      channels / groups,
      ...counts,
      ...kernel,
    ]);
    const filters = reshape(weight, [groups, outputs / groups, perGroup, ...counts.map(() => 1), ...kernel]);
    const summed = sum(multiply(patches, filters), { axes: [3, ...kernel.map((_, i) => 4 + counts.length + i)] });
    return reshape(summed, [batch, outputs, ...counts]);
  },
  gradient: (g, { inputs: [x, weight] }, attributes) => [
    apply(convolutionInputGradientOp, [g, weight], { ...attributes, spatial: x.shape.slice(2) }),
    apply(convolutionWeightGradientOp, [x, g], { ...attributes, kernel: weight.shape.slice(2) }),
  ],
  flops: ([, weight], output) => 2 * sizeOf(output.shape) * sizeOf(weight.shape.slice(1)),
});

/** (g [N, O, ...out], weight) to the gradient of the input; also the transposed convolution. */
export const convolutionInputGradientOp: OpDefinition<InputGradientAttributes> = /* @__PURE__ */ defineOp({
  name: "convolutionInputGradient",
  infer: ([g, weight], { groups, spatial }): Signature => ({
    shape: [g.shape[0], weight.shape[1] * groups, ...spatial],
    dtype: g.dtype,
  }),
  decompose: ([g, weight], { stride, padding, dilation, groups, spatial }) => {
    const [batch, outputs, ...counts] = g.shape;
    const [, perGroup, ...kernel] = weight.shape;
    // [N, groups, O/groups, 1, ...counts, ...1] times [groups, O/groups, C/groups, ...1, ...kernel], summed over O/groups.
    const gradients = reshape(g, [batch, groups, outputs / groups, 1, ...counts, ...kernel.map(() => 1)]);
    const filters = reshape(weight, [groups, outputs / groups, perGroup, ...counts.map(() => 1), ...kernel]);
    const patches = sum(multiply(gradients, filters), { axes: 2 });
    const padded = spatial.map((extent, i) => extent + padding[i][0] + padding[i][1]);
    const whole = apply(foldOp, [reshape(patches, [batch, groups * perGroup, ...counts, ...kernel])], {
      kernel,
      stride,
      dilation,
      spatial: padded,
    });
    return apply(sliceOp, [whole], {
      starts: [0, 0, ...padding.map(([before]) => before)],
      steps: whole.shape.map(() => 1),
      shape: [batch, groups * perGroup, ...spatial],
    });
  },
  gradient: (gg, { inputs: [g, weight] }, { spatial: _, ...attributes }) => [
    apply(convolutionOp, [gg, weight], attributes),
    apply(convolutionWeightGradientOp, [gg, g], { ...attributes, kernel: weight.shape.slice(2) }),
  ],
  flops: ([g, weight]) => 2 * sizeOf(g.shape) * sizeOf(weight.shape.slice(1)),
});

/** (x, g [N, O, ...out]) to the gradient of the weight. */
export const convolutionWeightGradientOp: OpDefinition<WeightGradientAttributes> = /* @__PURE__ */ defineOp({
  name: "convolutionWeightGradient",
  infer: ([x, g], { groups, kernel }): Signature => ({
    shape: [g.shape[1], x.shape[1] / groups, ...kernel],
    dtype: x.dtype,
  }),
  decompose: ([x, g], attributes) => {
    const { groups, kernel } = attributes;
    const [batch, channels] = x.shape;
    const [, outputs, ...counts] = g.shape;
    const windows = windowsOf(x, kernel, attributes);
    const patches = reshape(windows, [batch, groups, 1, channels / groups, ...counts, ...kernel]);
    const gradients = reshape(g, [batch, groups, outputs / groups, 1, ...counts, ...kernel.map(() => 1)]);
    const summed = sum(multiply(patches, gradients), { axes: [0, ...counts.map((_, i) => 4 + i)] });
    return reshape(summed, [outputs, channels / groups, ...kernel]);
  },
  gradient: (gw, { inputs: [x, g] }, { kernel: _, ...attributes }) => [
    apply(convolutionInputGradientOp, [g, gw], { ...attributes, spatial: x.shape.slice(2) }),
    apply(convolutionOp, [x, gw], attributes),
  ],
  flops: ([x, g], _, { groups, kernel }) => 2 * sizeOf(g.shape) * (x.shape[1] / groups) * sizeOf(kernel),
});

/** Spatial extents of the output. */
export function outputExtents(
  input: Shape,
  kernel: Shape,
  { stride, padding, dilation }: ConvolutionAttributes,
): number[] {
  return kernel.map((size, i) =>
    windowCount(input[2 + i] + padding[i][0] + padding[i][1], size, stride[i], dilation[i]),
  );
}

function windowsOf(x: Tensor, kernel: Shape, { stride, padding, dilation }: ConvolutionAttributes): Tensor {
  const padded = padding.some(([before, after]) => before !== 0 || after !== 0)
    ? place(x, {
        shape: [...x.shape.slice(0, 2), ...padding.map(([before, after], i) => x.shape[2 + i] + before + after)],
        starts: [0, 0, ...padding.map(([before]) => before)],
        steps: x.shape.map(() => 1),
        value: 0,
      })
    : x;
  return apply(windowsOp, [padded], { kernel, stride, dilation });
}

function checkOperands(x: Shape, weight: Shape, { groups }: ConvolutionAttributes): void {
  const given = `input ${formatShape(x)} (batch, channels, ...), weight ${formatShape(weight)} (out, in / groups, ...), groups ${groups}`;
  if (x.length !== weight.length) throw new ShapeError(`convolution: ${given}: both need the same number of axes.`);
  if (x[1] !== weight[1] * groups) {
    throw new ShapeError(
      `convolution: ${given}: the input has ${x[1]} channels, the weight expects ${weight[1] * groups}; change one of them.`,
    );
  }
  if (weight[0] % groups !== 0) {
    throw new ShapeError(`convolution: ${given}: ${weight[0]} output channels do not divide into ${groups} groups.`);
  }
}
