/**
 * Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"): what happens inside `fn`
 * is not kept for the backward pass but computed again there, from inputs held behind barriers so that the compiler
 * does not merge the two computations.
 */
import type { Signature } from "../backend/backend.ts";
import { ancestors } from "../compiler/graph.ts";
import { isFloat } from "../dtype.ts";
import { apply, defineOp, type OpDefinition } from "../op.ts";
import { Tensor, tensorsCreated } from "../tensor.ts";
import { vjp } from "./grad.ts";

/** The first input, not before the second is known, and never merged with the original. */
const barrierOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "barrier",
  traits: { relabels: true },
  infer: ([x]): Signature => ({ shape: x.shape, dtype: x.dtype }),
  lower: (element) => element.load(0),
  gradient: (outputGradient) => [outputGradient, null],
});

/** inputs: the output of the region, then everything it was computed from. */
const checkpointOp: OpDefinition = /* @__PURE__ */ defineOp<unknown>({
  name: "checkpoint",
  infer: ([output]): Signature => ({ shape: output.shape, dtype: output.dtype }),
  decompose: ([output]) => output,
  gradient: (outputGradient, node) => {
    const [output, ...given] = node.inputs;
    const held = given.map((input) => apply(barrierOp, [input, outputGradient], undefined));
    const again = rebuildFrom(output, new Map(given.map((input, i) => [input, held[i]])));
    const wanted = held.filter((tensor) => isFloat(tensor.dtype));
    const gradients = vjp(again, wanted, outputGradient);
    return [null, ...held.map((tensor) => (wanted.includes(tensor) ? gradients[wanted.indexOf(tensor)] : null))];
  },
});

/** `fn` whose intermediate results are computed again in the backward pass instead of being kept. */
export function checkpoint<Arguments extends readonly Tensor[]>(
  fn: (...args: Arguments) => Tensor,
): (...args: Arguments) => Tensor {
  return (...args) => {
    const before = tensorsCreated();
    const output = fn(...args);
    const given = boundary(output, before);
    return given.length === 0 || output.id <= before ? output : apply(checkpointOp, [output, ...given], undefined);
  };
}

/** The tensors made before `firstId` that the region reads: its arguments and whatever it closes over. */
function boundary(output: Tensor, firstId: number): Tensor[] {
  // Placeholders of variables first read inside the region belong outside it too.
  const outside = (tensor: Tensor): boolean => tensor.id <= firstId || tensor.source !== undefined;
  return ancestors([output], (tensor) => !outside(tensor)).filter(outside);
}

/** The graph of `output` with some of its tensors replaced. */
function rebuildFrom(output: Tensor, replaced: Map<Tensor, Tensor>): Tensor {
  for (const tensor of ancestors([output], (candidate) => !replaced.has(candidate))) {
    if (replaced.has(tensor)) continue;
    const inputs = tensor.inputs.map((input) => replaced.get(input) as Tensor);
    replaced.set(tensor, inputs.length === 0 ? tensor : new Tensor(tensor.op, inputs, tensor.attributes, tensor));
  }
  return replaced.get(output) as Tensor;
}
