/**
 * Turns a captured graph into one the backend can run: equal nodes are merged, trivial ones vanish, claimed ops are
 * kept whole, and every other composite is replaced by its decomposition.
 */
import type { Claim, Kernel } from "../backend/backend.ts";
import { SconceError } from "../errors.ts";
import { copyOp } from "../ops/copy.ts";
import { sameShape } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import { ancestors, attributesKey, opNumber, reachable } from "./graph.ts";
import { requestOf } from "./program-node.ts";

export interface LegalGraph {
  /** Sources, primitives, routines and claimed ops only; inputs before consumers. */
  readonly order: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly claimed: ReadonlyMap<Tensor, Kernel | Promise<Kernel>>;
}

export function legalize(outputs: readonly Tensor[], claim: Claim): LegalGraph {
  const legal = new Map<Tensor, Tensor>();
  const byKey = new Map<string, Tensor>();
  const claimed = new Map<Tensor, Kernel | Promise<Kernel>>();
  const order: Tensor[] = [];

  const settle = (tensor: Tensor): Tensor => {
    if (tensor.source) {
      order.push(tensor);
      return tensor;
    }
    const inputs = tensor.inputs.map((input) => legal.get(input) as Tensor);
    const key = `${opNumber(tensor.op)}|${attributesKey(tensor.attributes)}|${inputs.map((input) => input.id).join(",")}`;
    const known = byKey.get(key);
    if (known) return known;
    const { op, attributes } = tensor;
    const trivial = op.simplify?.(inputs);
    if (trivial) {
      byKey.set(key, trivial);
      return trivial;
    }
    const settled = inputs.every((input, i) => input === tensor.inputs[i])
      ? tensor
      : new Tensor(op, inputs, attributes, tensor);
    const kernel = op.traits?.relabels ? undefined : claim(requestOf(settled));
    let result = settled;
    if (!kernel && op.decompose) {
      const graph = op.decompose(inputs, attributes);
      expectSignature(tensor, graph);
      // Its inputs are legal already; only what the decomposition added is walked.
      for (const input of inputs) legal.set(input, input);
      walk([graph]);
      result = legal.get(graph) as Tensor;
    } else {
      if (kernel) claimed.set(result, kernel);
      order.push(result);
    }
    byKey.set(key, result);
    return result;
  };

  const walk = (roots: readonly Tensor[]): void => {
    for (const tensor of ancestors(roots, (candidate) => !candidate.source && !legal.has(candidate))) {
      if (!legal.has(tensor)) legal.set(tensor, settle(tensor));
    }
  };

  walk(outputs);
  const seen = new Set<Tensor>();
  const results = outputs.map((output, number) => {
    const result = legal.get(output) as Tensor;
    if (!result.source && !seen.has(result)) {
      seen.add(result);
      return result;
    }
    // Results own their storage: a source, or what another output turned out to equal, is copied.
    const copy = new Tensor(copyOp, [result], { number }, result);
    order.push(copy);
    return copy;
  });
  // Merging can leave nodes without a reader.
  const needed = new Set(reachable(results));
  return { order: order.filter((tensor) => needed.has(tensor)), outputs: results, claimed };
}

function expectSignature(node: Tensor, graph: Tensor): void {
  if (node.dtype !== graph.dtype || !sameShape(node.shape, graph.shape)) {
    throw new SconceError(
      `op ${node.op.name}: infer says ${node.dtype} [${node.shape.join(", ")}] but decompose made ${graph.dtype} ` +
        `[${graph.shape.join(", ")}]; make the two agree.`,
    );
  }
}
