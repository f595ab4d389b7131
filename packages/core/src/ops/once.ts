/**
 * A value that is computed once, for readers that compare it with something computed from it.
 *
 * A tensor that several kernels read is often computed anew in each, and then may differ in its last bit (a backend may
 * keep intermediate results wider than float32, or contract a product and a sum). An extreme would not be found among
 * the elements it was taken of.
 */
import type { Signature } from "../backend/backend.ts";
import { apply, defineOp, type OpDefinition } from "../op.ts";
import type { Tensor } from "../tensor.ts";

const onceOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "once",
  traits: { relabels: true, repeats: true, stores: true },
  infer: ([x]): Signature => ({ shape: x.shape, dtype: x.dtype }),
  lower: (element) => element.load(0),
  gradient: (outputGradient) => [outputGradient],
});

/** `x`, with the same bits for every reader. */
export function once(x: Tensor): Tensor {
  return apply(onceOp, [x], undefined);
}
