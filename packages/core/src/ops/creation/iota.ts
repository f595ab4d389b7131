/** Counting tensors: positions, ranges and the identity matrix. */
import type { Signature } from "../../backend/backend.ts";
import { type DType, toFloat } from "../../dtype.ts";
import { ArgumentError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { checkShape, normalizeAxis, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, multiply } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { equal } from "../elementwise/comparison.ts";
import { full } from "./full.ts";

interface IotaAttributes {
  readonly shape: Shape;
  readonly axis: number;
}

export const iotaOp: OpDefinition<IotaAttributes> = /* @__PURE__ */ defineOp({
  name: "iota",
  infer: (_, { shape }): Signature => ({ shape: checkShape("iota", shape), dtype: "int32" }),
  lower: (element, { axis }) => element.build.position(element.index[axis]),
  gradient: () => [],
});

/** The position along `axis` at every element, as int32. */
export function iota(shape: Shape, axis = 0): Tensor {
  return apply(iotaOp, [], { shape, axis: normalizeAxis("iota", axis, shape.length) });
}

/** Numbers from `start` (inclusive) to `end` (exclusive) in steps; `arange(n)` counts from 0. Integers are int32 by default. */
export function arange(start: number, end?: number, step = 1, dtype?: DType): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  if (step === 0 || !Number.isFinite(step))
    throw new ArgumentError(`arange: step is ${step}; give a finite step that is not 0.`);
  const whole = [from, to, step].every(Number.isInteger);
  const type = dtype ?? (whole ? "int32" : "float32");
  const length = Math.max(0, Math.ceil((to - from) / step));
  return add(multiply(cast(iota([length]), type), full([], step, type)), full([], from, type));
}

/** `count` evenly spaced numbers from `start` to `end`, both included. */
export function linspace(start: number, end: number, count: number, dtype: DType = "float32"): Tensor {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return add(multiply(cast(iota([count]), toFloat(dtype)), step), start);
}

/** The identity matrix [rows, columns]. */
export function eye(rows: number, columns: number = rows, dtype: DType = "float32"): Tensor {
  return cast(equal(iota([rows, columns], 0), iota([rows, columns], 1)), dtype);
}
