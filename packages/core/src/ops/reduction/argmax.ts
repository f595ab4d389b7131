/** Positions of extremes. */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, normalizeAxis } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { iota } from "../creation/iota.ts";
import { equal, isNaN, logicalOr } from "../elementwise/comparison.ts";
import { where } from "../elementwise/where.ts";
import { reshape } from "../movement/reshape.ts";
import { once } from "../once.ts";
import { max, min } from "./reduce.ts";

interface ArgExtremeAttributes {
  readonly axis: number;
}

/** The first position that equals the extreme; a NaN counts as the extreme. */
function argExtreme(name: string, extreme: typeof max): OpDefinition<ArgExtremeAttributes> {
  return defineOp<ArgExtremeAttributes>({
    name,
    infer: ([x], { axis }): Signature => ({ shape: x.shape.filter((_, a) => a !== axis), dtype: "int32" }),
    decompose: ([input], { axis }) => {
      const x = once(input);
      const found = logicalOr(equal(x, extreme(x, { axes: axis, keepAxes: true })), isNaN(x));
      return min(where(found, iota(x.shape, axis), x.shape[axis]), { axes: axis });
    },
    gradient: () => [null],
  });
}

export const argmaxOp: OpDefinition<ArgExtremeAttributes> = /* @__PURE__ */ argExtreme("argmax", max);
export const argminOp: OpDefinition<ArgExtremeAttributes> = /* @__PURE__ */ argExtreme("argmin", min);

export interface ArgOptions {
  /** Without an axis, the position in the flattened tensor. */
  readonly axis?: number;
  readonly keepAxis?: boolean;
}

function argOf(op: OpDefinition<ArgExtremeAttributes>, x: Tensor, { axis, keepAxis }: ArgOptions): Tensor {
  const data = axis === undefined ? reshape(x, [x.size]) : x;
  const at = normalizeAxis(op.name, axis ?? 0, data.rank);
  if (data.shape[at] === 0)
    throw new ShapeError(
      `${op.name}: axis ${at} of ${formatShape(x.shape)} has no elements, so no position to give; leave empty tensors out.`,
    );
  const result = apply(op, [data], { axis: at });
  if (!keepAxis) return result;
  return reshape(
    result,
    axis === undefined ? x.shape.map(() => 1) : x.shape.map((extent, a) => (a === at ? 1 : extent)),
  );
}

/** The position (int32) of the largest element along an axis; the first of equals. */
export function argmax(x: Tensor, options: ArgOptions = {}): Tensor {
  return argOf(argmaxOp, x, options);
}

/** The position (int32) of the smallest element along an axis; the first of equals. */
export function argmin(x: Tensor, options: ArgOptions = {}): Tensor {
  return argOf(argminOp, x, options);
}
