/**
 * Reverse-mode differentiation. Gradients are ordinary graph: rules are made of ops, so they fuse with the forward pass
 * and can be differentiated again.
 */
import { ancestors } from "../compiler/graph.ts";
import { isFloat } from "../dtype.ts";
import { ArgumentError, DTypeError, ShapeError } from "../errors.ts";
import type { OpDefinition } from "../op.ts";
import { onesLike, zerosLike } from "../ops/creation/full.ts";
import { add } from "../ops/elementwise/arithmetic.ts";
import { formatShape, sameShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { Variable } from "../variable.ts";

/** What gradients are taken with respect to. */
export type Differentiable = Tensor | Variable;

/** Gradients in the shape of what they were asked for. */
export type Gradients<Of> = Of extends Differentiable
  ? Tensor
  : Of extends readonly Differentiable[]
    ? { -readonly [K in keyof Of]: Tensor }
    : { [K in keyof Of]: Tensor };

type Wanted = Differentiable | readonly Differentiable[] | { readonly [key: string]: Differentiable };

/**
 * The gradients of `loss` (a float scalar) with respect to tensors or variables: one, an array, or an object of them.
 * What the loss does not depend on gets zeros.
 */
export function grad<const Of extends Wanted>(loss: Tensor, wrt: Of): Gradients<Of> {
  if (loss.size !== 1) {
    throw new ShapeError(
      `grad: the loss has shape ${formatShape(loss.shape)}; a gradient needs one number. Reduce it first, for example loss.mean(), or use vjp.`,
    );
  }
  requireFloat("grad: the loss", loss);
  return vjp(loss, wrt, onesLike(loss));
}

/** The value of `fn(...args)` and its gradients with respect to `wrt`. */
export function valueAndGrad<const Of extends Wanted>(
  fn: () => Tensor,
  wrt: Of,
): { readonly value: Tensor; readonly gradients: Gradients<Of> } {
  const value = fn();
  return { value, gradients: grad(value, wrt) };
}

/** The vector-Jacobian product: gradients of sum(output * cotangent) for an output of any shape. */
export function vjp<const Of extends Wanted>(output: Tensor, wrt: Of, cotangent: Tensor): Gradients<Of> {
  requireFloat("vjp: the output", output);
  if (!sameShape(output.shape, cotangent.shape)) {
    throw new ShapeError(
      `vjp: the cotangent has shape ${formatShape(cotangent.shape)}, the output ${formatShape(output.shape)}; they must be equal.`,
    );
  }
  const tensorOf = (item: Differentiable): Tensor => {
    const tensor = item instanceof Variable ? item.value : item;
    requireFloat("grad: a tensor to differentiate by", tensor);
    return tensor;
  };
  if (Array.isArray(wrt)) return backward(output, wrt.map(tensorOf), cotangent) as Gradients<Of>;
  if (isDifferentiable(wrt)) return backward(output, [tensorOf(wrt)], cotangent)[0] as Gradients<Of>;
  const names = Object.keys(wrt);
  const gradients = backward(
    output,
    names.map((name) => tensorOf((wrt as Record<string, Differentiable>)[name])),
    cotangent,
  );
  return Object.fromEntries(names.map((name, i) => [name, gradients[i]])) as Gradients<Of>;
}

function isDifferentiable(value: Wanted): value is Differentiable {
  return value instanceof Variable || (typeof value === "object" && "op" in value && "dtype" in value);
}

function requireFloat(what: string, tensor: Tensor): void {
  if (!isFloat(tensor.dtype)) {
    throw new DTypeError(`${what} is ${tensor.dtype}; only floats have gradients. Cast it first: x.cast("float32").`);
  }
}

/** Walks from `output` back to `targets`, and not beyond the tensors in `stop`. */
function backward(output: Tensor, targets: readonly Tensor[], cotangent: Tensor, stop?: ReadonlySet<Tensor>): Tensor[] {
  // Tensors that were evaluated in between keep their history.
  const order = ancestors([output], (tensor) => !stop?.has(tensor));
  const needed = dependents(order, targets);
  const terms = new Map<Tensor, Tensor[]>([[output, [cotangent]]]);
  for (const tensor of order.reverse()) {
    if (!terms.has(tensor) || stop?.has(tensor) || !tensor.inputs.some((input) => needed.has(input))) continue;
    const gradient = total(terms, tensor);
    inputGradients(tensor, gradient, needed).forEach((inputGradient, i) => {
      const input = tensor.inputs[i];
      if (!inputGradient || !needed.has(input)) return;
      checkRule(tensor, input, inputGradient, i);
      const before = terms.get(input);
      if (before) before.push(inputGradient);
      else terms.set(input, [inputGradient]);
    });
  }
  return targets.map((target) => (terms.has(target) ? total(terms, target) : zerosLike(target)));
}

/** The sum of a tensor's terms, which becomes its only one. Terms of one op are first offered to the op. */
function total(terms: Map<Tensor, Tensor[]>, tensor: Tensor): Tensor {
  const all = terms.get(tensor)!;
  if (all.length === 1) return all[0];
  const groups = new Map<OpDefinition, Tensor[]>();
  for (const term of all) {
    const group = groups.get(term.op);
    if (group) group.push(term);
    else groups.set(term.op, [term]);
  }
  const parts = [...groups].flatMap(([op, group]) => (group.length > 1 && op.sum?.(group)) || group);
  const sum = parts.reduce((a, b) => add(a, b));
  terms.set(tensor, [sum]);
  return sum;
}

/** The tensors of `order` that depend on a target, and through which a gradient can flow. */
function dependents(order: readonly Tensor[], targets: readonly Tensor[]): Set<Tensor> {
  const needed = new Set<Tensor>(targets);
  for (const tensor of order) {
    if (isFloat(tensor.dtype) && tensor.inputs.some((input) => needed.has(input))) needed.add(tensor);
  }
  return needed;
}

function inputGradients(tensor: Tensor, gradient: Tensor, needed: ReadonlySet<Tensor>): readonly (Tensor | null)[] {
  const { op, attributes, inputs } = tensor;
  if (op.gradient) return op.gradient(gradient, tensor, attributes);
  if (op.decompose) {
    const targets = inputs.filter((input) => needed.has(input));
    const found = backward(op.decompose(inputs, attributes), targets, gradient, new Set(inputs));
    return inputs.map((input) => (needed.has(input) ? found[targets.indexOf(input)] : null));
  }
  throw new ArgumentError(
    `grad: op ${op.name} has no gradient. Use stopGradient on its result if none should flow, or give the op a gradient rule.`,
  );
}

function checkRule(tensor: Tensor, input: Tensor, gradient: Tensor, position: number): void {
  if (!sameShape(input.shape, gradient.shape) || gradient.dtype !== input.dtype) {
    throw new ShapeError(
      `grad: the gradient rule of op ${tensor.op.name} gave ${gradient.dtype} ${formatShape(gradient.shape)} for input ${position}, ` +
        `which is ${input.dtype} ${formatShape(input.shape)}; correct the rule.`,
    );
  }
}
