/** The same value in a buffer of its own. */
import type { Signature } from "../backend/backend.ts";
import { defineOp, type OpDefinition } from "../op.ts";

/** Made by the compiler only; `number` tells which result it serves. */
export const copyOp: OpDefinition<{ readonly number: number }> = /* @__PURE__ */ defineOp({
  name: "copy",
  infer: ([input]): Signature => ({ shape: input.shape, dtype: input.dtype }),
  lower: (element) => element.load(0),
});
