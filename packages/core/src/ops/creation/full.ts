/** Tensors of one repeated number; they take no memory until they are stored. */
import type { Signature } from "../../backend/backend.ts";
import { roundTo } from "../../backend/scalar-operator.ts";
import type { DType } from "../../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { checkShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";

interface FullAttributes {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly value: number;
}

export const fullOp: OpDefinition<FullAttributes> = /* @__PURE__ */ defineOp({
  name: "full",
  traits: { constant: true },
  infer: (_, { shape, dtype }): Signature => ({ shape: checkShape("full", shape), dtype }),
  lower: (element, { value }) => element.constant(value),
  gradient: () => [],
});

/** A tensor of `shape` whose every element is `value`. */
export function full(shape: Shape, value: number, dtype: DType = "float32"): Tensor {
  return apply(fullOp, [], { shape, dtype, value: roundTo(value, dtype) });
}

/** A tensor of zeros. */
export function zeros(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 0, dtype);
}

/** A tensor of ones. */
export function ones(shape: Shape, dtype: DType = "float32"): Tensor {
  return full(shape, 1, dtype);
}

/** Zeros with the shape and dtype of `x`. */
export function zerosLike(x: Tensor): Tensor {
  return full(x.shape, 0, x.dtype);
}

/** Ones with the shape and dtype of `x`. */
export function onesLike(x: Tensor): Tensor {
  return full(x.shape, 1, x.dtype);
}

/** The number that a tensor repeats, if it is known to. */
export function constantValue(x: Tensor): number | undefined {
  if (x.source) return undefined;
  if (x.op.traits?.constant) return (x.attributes as FullAttributes).value;
  return x.op.traits?.repeats ? constantValue(x.inputs[0]) : undefined;
}
