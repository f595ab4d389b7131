/** Softmax and its logarithm along one axis. */

import { stopGradient } from "../../autograd/stop-gradient.ts";
import type { Signature } from "../../backend/backend.ts";
import { toFloat } from "../../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { normalizeAxis } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { divide, multiply, subtract } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { exp, log } from "../elementwise/unary.ts";
import { max, sum } from "../reduction/reduce.ts";

interface SoftmaxAttributes {
  readonly axis: number;
}

function sameSignature([x]: readonly Signature[]): Signature {
  return { shape: x.shape, dtype: x.dtype };
}

export const softmaxOp: OpDefinition<SoftmaxAttributes> = /* @__PURE__ */ defineOp({
  name: "softmax",
  infer: sameSignature,
  decompose: ([x], { axis }) => {
    const exponentials = exp(subtract(x, stopGradient(max(x, { axes: axis, keepAxes: true }))));
    return divide(exponentials, sum(exponentials, { axes: axis, keepAxes: true }));
  },
  // dx = y (g - sum(g y))
  gradient: (g, y, { axis }) => [multiply(y, subtract(g, sum(multiply(g, y), { axes: axis, keepAxes: true })))],
});

export const logSoftmaxOp: OpDefinition<SoftmaxAttributes> = /* @__PURE__ */ defineOp({
  name: "logSoftmax",
  infer: sameSignature,
  decompose: ([x], { axis }) => {
    const shifted = subtract(x, stopGradient(max(x, { axes: axis, keepAxes: true })));
    return subtract(shifted, log(sum(exp(shifted), { axes: axis, keepAxes: true })));
  },
  // dx = g - softmax(x) sum(g)
  gradient: (g, y, { axis }) => [subtract(g, multiply(exp(y), sum(g, { axes: axis, keepAxes: true })))],
});

/** e^x / sum(e^x) along `axis` (the last by default). */
export function softmax(x: Tensor, axis = -1): Tensor {
  return apply(softmaxOp, [cast(x, toFloat(x.dtype))], { axis: normalizeAxis("softmax", axis, x.rank) });
}

/** log(softmax(x)) along `axis` (the last by default), without loss of small probabilities. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return apply(logSoftmaxOp, [cast(x, toFloat(x.dtype))], { axis: normalizeAxis("logSoftmax", axis, x.rank) });
}
