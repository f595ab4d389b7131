/** How much a graph computes, as far as its ops know. */
import { Tensor } from "@sconce/core";

/**
 * Half the floating-point operations of everything from `inputs` to `results` that is not yet in `counted`, to which it is
 * added. An op that does not know its own is asked what it is made of; elementwise ones count as nothing.
 */
export function multiplyAddsOf(results: readonly Tensor[], inputs: ReadonlySet<Tensor>, counted: Set<Tensor>): number {
  let sum = 0;
  const stack = [...results];
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (inputs.has(tensor) || counted.has(tensor)) continue;
    counted.add(tensor);
    stack.push(...tensor.inputs);
    const { op, attributes } = tensor;
    if (op.flops) sum += op.flops(tensor.inputs, tensor, attributes) / 2;
    else if (op.decompose)
      sum += multiplyAddsOf([op.decompose(tensor.inputs, attributes)], new Set(tensor.inputs), new Set());
  }
  return sum;
}

/** The tensors in a value: itself, or those in arrays and plain objects. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}
