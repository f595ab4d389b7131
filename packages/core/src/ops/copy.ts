/** The same value in a buffer of its own. */
import type { Signature } from "../backend/backend.ts";
import { defineOp, type OpDefinition } from "../op.ts";

/** `number` keeps copies made for different results apart. */
export const copyOp: OpDefinition<{ readonly number: number }> = defineOp({
  name: "copy",
  infer: ([input]): Signature => ({ shape: input.shape, dtype: input.dtype }),
  lower: (element) => element.load(0),
  gradient: (outputGradient) => [outputGradient],
});
