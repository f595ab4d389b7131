/** The op of tensors that are given rather than computed: host data, stored results, inputs and variables. */
import { SconceError } from "../errors.ts";
import type { OpDefinition } from "../op.ts";

export const sourceOp: OpDefinition = {
  name: "source",
  traits: { source: true },
  infer(): never {
    throw new SconceError("source: made directly, never applied.");
  },
};
