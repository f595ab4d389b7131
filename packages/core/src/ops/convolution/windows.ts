/**
 * Windows (im2col) and fold (col2im), for any number of trailing spatial axes.
 *
 * windows: x [..., s1, s2, ...] to [..., o1, o2, ..., k1, k2, ...] with o = floor((s - (k - 1) dilation - 1) / stride) + 1;
 * element (o, k) is x at o stride + k dilation. fold is the adjoint: it adds every element of the windows back to the
 * place it was taken from.
 */
import type { Signature } from "../../backend/backend.ts";
import type { Expression, Index } from "../../compiler/expression.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, type Shape, sameShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

/** Kernel, stride and dilation of each spatial axis. */
export interface WindowAttributes {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** How many windows fit along an axis. */
export function windowCount(extent: number, kernel: number, stride: number, dilation: number): number {
  return Math.max(0, Math.floor((extent - (kernel - 1) * dilation - 1) / stride) + 1);
}

export const windowsOp: OpDefinition<WindowAttributes> = /* @__PURE__ */ defineOp({
  name: "windows",
  infer: ([x], { kernel, stride, dilation }): Signature => {
    const lead = x.shape.length - kernel.length;
    const counts = kernel.map((size, i) => windowCount(x.shape[lead + i], size, stride[i], dilation[i]));
    return { shape: [...x.shape.slice(0, lead), ...counts, ...kernel], dtype: x.dtype };
  },
  lower: (element, { kernel, stride, dilation }) => {
    const { build, index } = element;
    const lead = index.length - 2 * kernel.length;
    const spatial = kernel.map((_, i) =>
      build.addIndex(
        build.scaleIndex(index[lead + i], stride[i]),
        build.scaleIndex(index[lead + kernel.length + i], dilation[i]),
      ),
    );
    return element.load(0, [...index.slice(0, lead), ...spatial]);
  },
  gradient: (g, { inputs: [x] }, attributes) => [
    apply(foldOp, [g], { ...attributes, spatial: x.shape.slice(-attributes.kernel.length) }),
  ],
});

interface FoldAttributes extends WindowAttributes {
  /** Spatial extents of the result. */
  readonly spatial: Shape;
}

export const foldOp: OpDefinition<FoldAttributes> = /* @__PURE__ */ defineOp({
  name: "fold",
  infer: ([x], { spatial }): Signature => ({
    shape: [...x.shape.slice(0, x.shape.length - 2 * spatial.length), ...spatial],
    dtype: x.dtype,
  }),
  lower: (element, { kernel, stride, dilation }) => {
    const { build, index } = element;
    const lead = index.length - kernel.length;
    const counts = element.inputs[0].shape.slice(lead, lead + kernel.length);
    return element.reduce("sum", kernel, (within) => {
      let guard: Expression = build.constant(1, "bool");
      const window = kernel.map((_, i): Index => {
        const distance = build.addIndex(index[lead + i], build.scaleIndex(within[i], -dilation[i]));
        const [quotient, remainder] = build.divideIndex(distance, stride[i]);
        const onStride = build.apply("equal", [build.position(remainder), build.constant(0, "int32")]);
        guard = build.apply("and", [guard, build.apply("and", [build.inRange(quotient, counts[i]), onStride])]);
        return quotient;
      });
      return element.load(0, [...index.slice(0, lead), ...window, ...within], guard);
    });
  },
  gradient: (g, _, { kernel, stride, dilation }) => [apply(windowsOp, [g], { kernel, stride, dilation })],
});

/** Per-axis options: one number for all axes, or one per axis. */
export interface WindowOptions {
  readonly kernelSize: number | readonly number[];
  readonly stride?: number | readonly number[];
  readonly dilation?: number | readonly number[];
}

/** One whole number of at least `least` per axis. */
export function perAxis(
  op: string,
  name: string,
  value: number | readonly number[],
  axes: number,
  least: number,
): readonly number[] {
  const list = typeof value === "number" ? Array.from({ length: axes }, () => value) : value;
  if (list.length !== axes || !list.every((n) => Number.isInteger(n) && n >= least)) {
    throw new ArgumentError(
      `${op}: ${name} is [${list.join(", ")}]; give a whole number >= ${least}, or one for each of the ${axes} spatial axes.`,
    );
  }
  return list;
}

function attributesOf(op: string, options: WindowOptions, axes: number): WindowAttributes {
  return {
    kernel: perAxis(op, "kernelSize", options.kernelSize, axes, 1),
    stride: perAxis(op, "stride", options.stride ?? 1, axes, 1),
    dilation: perAxis(op, "dilation", options.dilation ?? 1, axes, 1),
  };
}

function spatialAxes(options: WindowOptions): number {
  return typeof options.kernelSize === "number" ? 1 : options.kernelSize.length;
}

/** Sliding windows over the last axes of `x` (as many as `kernelSize` has numbers): [..., counts, kernel]. */
export function windows(x: Tensor, options: WindowOptions): Tensor {
  const axes = spatialAxes(options);
  if (x.rank < axes)
    throw new ShapeError(
      `windows: ${formatShape(x.shape)} has fewer axes than the kernel's ${axes}; add axes with unsqueeze.`,
    );
  return apply(windowsOp, [x], attributesOf("windows", options, axes));
}

/** Adds windows [..., counts, kernel] back into [..., spatial]: the adjoint of `windows`. */
export function fold(x: Tensor, spatial: Shape, options: WindowOptions): Tensor {
  const axes = spatialAxes(options);
  const attributes = attributesOf("fold", options, axes);
  const counts = attributes.kernel.map((size, i) =>
    windowCount(spatial[i], size, attributes.stride[i], attributes.dilation[i]),
  );
  const expected = [...counts, ...attributes.kernel];
  if (spatial.length !== axes || !sameShape(x.shape.slice(-2 * axes), expected)) {
    throw new ShapeError(
      `fold: ${formatShape(x.shape)} does not end in ${formatShape(expected)}, the windows of ${formatShape(spatial)}; give the tensor that windows makes.`,
    );
  }
  return apply(foldOp, [x], { ...attributes, spatial });
}
