/** Choice between two tensors, element by element. */
import type { Signature } from "../../backend/backend.ts";
import { isFloat } from "../../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { broadcastShapes } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { zerosLike } from "../creation/full.ts";
import { broadcastTo } from "../movement/broadcast-to.ts";
import { align, type Operand } from "../operand.ts";
import { cast } from "./cast.ts";

export const whereOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "where",
  infer: ([, a]): Signature => ({ shape: a.shape, dtype: a.dtype }),
  lower: (element) => element.apply("where", element.load(0), element.load(1), element.load(2)),
  gradient: (outputGradient, node) => {
    if (!isFloat(node.dtype)) return [null, null, null];
    const zero = zerosLike(outputGradient);
    return [null, where(node.inputs[0], outputGradient, zero), where(node.inputs[0], zero, outputGradient)];
  },
});

/** `a` where `condition` is true, else `b`; all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = align("where", a, b);
  const shape = broadcastShapes("where", condition.shape, x.shape);
  const choice = broadcastTo(cast(condition, "bool"), shape);
  return apply(whereOp, [choice, broadcastTo(x, shape), broadcastTo(y, shape)], undefined);
}
