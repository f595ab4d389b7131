/** Conversion between dtypes. */
import type { Signature } from "../../backend/backend.ts";
import { type DType, dtypes, isFloat } from "../../dtype.ts";
import { DTypeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";

export const castOp: OpDefinition<{ readonly dtype: DType }> = /* @__PURE__ */ defineOp({
  name: "cast",
  infer: ([x], { dtype }): Signature => {
    if (!dtypes.includes(dtype))
      throw new DTypeError(`cast: unknown dtype "${dtype}"; use one of ${dtypes.join(", ")}.`);
    return { shape: x.shape, dtype };
  },
  lower: (element, { dtype }) => element.cast(element.load(0), dtype),
  gradient: (outputGradient, node) => [
    isFloat(node.inputs[0].dtype) ? cast(outputGradient, node.inputs[0].dtype) : null,
  ],
});

/** `x` converted to `dtype`: floats round, floats to integers truncate towards zero, bool is x != 0. */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : apply(castOp, [x], { dtype });
}
