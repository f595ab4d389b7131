/** The same value, through which no gradient flows. */
import type { Signature } from "../backend/backend.ts";
import { apply, defineOp, type OpDefinition } from "../op.ts";
import type { Tensor } from "../tensor.ts";

export const stopGradientOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "stopGradient",
  traits: { relabels: true, repeats: true },
  infer: ([x]): Signature => ({ shape: x.shape, dtype: x.dtype }),
  lower: (element) => element.load(0),
  gradient: () => [null],
});

/** `x` as a constant to differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return apply(stopGradientOp, [x], undefined);
}
