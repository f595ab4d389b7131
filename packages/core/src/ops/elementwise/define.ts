/** Makes elementwise ops and the functions that apply them. */
import type { Signature } from "../../backend/backend.ts";
import type { ScalarOperator } from "../../backend/scalar-operator.ts";
import type { ElementBuilder } from "../../compiler/element.ts";
import type { Expression } from "../../compiler/expression.ts";
import { isFloat, toFloat } from "../../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import type { Tensor } from "../../tensor.ts";
import { align, type Operand, toTensor } from "../operand.ts";
import { cast } from "./cast.ts";

type UnaryGradient = (outputGradient: Tensor, x: Tensor, y: Tensor) => Tensor;
type BinaryGradient = (outputGradient: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor];

interface UnaryRule {
  /** `float`: integers become float32 first; `same`: any number keeps its dtype, bool becomes int32; `bool`: truth values. */
  readonly on: "float" | "same" | "bool";
  readonly lower: ScalarOperator | ((element: ElementBuilder, x: Expression) => Expression);
  /** Absent: the derivative is zero wherever it exists. */
  readonly gradient?: UnaryGradient;
}

/** The function that applies a unary rule's op. */
export function unary(name: string, rule: UnaryRule): (x: Tensor) => Tensor {
  const { lower, gradient } = rule;
  const op: OpDefinition = defineOp<unknown>({
    name,
    infer: ([x]): Signature => ({ shape: x.shape, dtype: x.dtype }),
    lower: (element) => {
      const x = element.load(0);
      return typeof lower === "string" ? element.apply(lower, x) : lower(element, x);
    },
    gradient: (outputGradient, node) => [
      gradient && isFloat(node.dtype) ? gradient(outputGradient, node.inputs[0], node) : null,
    ],
  });
  return (x: Operand): Tensor => {
    const input = toTensor(x, typeof x === "number" ? "float32" : rule.on === "float" ? toFloat(x.dtype) : x.dtype);
    return apply(op, [rule.on === "same" && input.dtype === "bool" ? cast(input, "int32") : input], undefined);
  };
}

interface BinaryRule {
  /** `float`: integers become float32 first. */
  readonly on: "float" | "number" | "any";
  readonly operator: ScalarOperator;
  readonly result?: "bool";
  readonly gradient?: BinaryGradient;
  /** The operand that is the result already, when the other makes it trivial. */
  readonly shortcut?: (a: Tensor, b: Tensor) => Tensor | undefined;
}

/** The function that applies a binary rule's op; it broadcasts and promotes. */
export function binary(name: string, rule: BinaryRule): (a: Operand, b: Operand) => Tensor {
  const { operator, gradient, shortcut } = rule;
  const op: OpDefinition = defineOp<unknown>({
    name,
    infer: ([a]): Signature => ({ shape: a.shape, dtype: rule.result ?? a.dtype }),
    simplify: shortcut && (([a, b]) => shortcut(a, b)),
    lower: (element) => element.apply(operator, element.load(0), element.load(1)),
    gradient: (outputGradient, node) =>
      gradient && isFloat(node.dtype) ? gradient(outputGradient, node.inputs[0], node.inputs[1], node) : [null, null],
  });
  return (a: Operand, b: Operand): Tensor => {
    let [x, y] = align(name, a, b);
    if (rule.on === "float") [x, y] = [cast(x, toFloat(x.dtype)), cast(y, toFloat(y.dtype))];
    else if (rule.on === "number" && x.dtype === "bool") [x, y] = [cast(x, "int32"), cast(y, "int32")];
    // Only a number may be dropped here: a constant tensor may be what a gradient is wanted of.
    const result = shortcut?.(x, y);
    if ((result === x && typeof b === "number") || (result === y && typeof a === "number")) return result;
    return apply(op, [x, y], undefined);
  };
}
