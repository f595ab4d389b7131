/**
 * A sum of products a_1^T b_1 + a_2^T b_2 + ... is one product of joined factors, and the order of its terms is free. Where
 * the parts of a are joined elsewhere in another order, that result is read, and the parts of b follow its order.
 *
 * The gradients of a recurrent layer's gates are joined in the order of time for the input's weights, and in the order in
 * which the backward pass made them for the state's weights.
 */
import type { Claim, MatmulAttributes, OpRequest, ProgramDraft, ProgramNode, Signature } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import type { LaidOutRequest } from "./orders.ts";
import { readCounts } from "./uses.ts";

export function shareConcatenations(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const joins = new Map<number, ProgramNode>();
  const reads = readCounts(draft);
  const sameParts = new Map<string, ProgramNode>();
  for (const node of draft.nodes) {
    if (joinsEqualParts(node)) joins.set(node.outputs[0], node);
  }
  const replaced = new Map<ProgramNode, readonly ProgramNode[]>();
  for (const node of draft.nodes) {
    if (joins.has(node.outputs[0])) {
      const key = keyOf(node);
      if (!sameParts.has(key)) sameParts.set(key, node);
    }
    if (!isSumOfProducts(node)) continue;
    const [a, b] = node.inputs.map((value) => joins.get(value));
    const shared = a && sameParts.get(keyOf(a));
    if (!a || !b || !shared || shared === a || a.inputs.length !== b.inputs.length) continue;
    if (node.inputs.some((value) => reads.get(value) !== 1) || depthOf(node) % a.inputs.length !== 0) continue;
    const inputs = shared.inputs.map((part) => b.inputs[a.inputs.indexOf(part)]);
    const request = partsInOrder(b, inputs);
    const kernel = claim(request);
    if (!kernel) continue;
    replaced.set(a, []);
    replaced.set(b, [{ ...b, work: { kind: "claim", request, kernel }, inputs }]);
    replaced.set(node, [{ ...node, inputs: [shared.outputs[0], ...node.inputs.slice(1)] }]);
  }
  return { ...draft, nodes: draft.nodes.flatMap((node) => replaced.get(node) ?? [node]) };
}

/** Whether it joins different values of one size one after the other. */
function joinsEqualParts({ work, inputs }: ProgramNode): boolean {
  if (work.kind !== "claim" || work.request.op !== "concatenate") return false;
  const { attributes, output, layout }: LaidOutRequest = work.request;
  const { axis } = attributes as { readonly axis: number };
  const [first, ...others] = work.request.inputs.map(({ shape }) => sizeOf(shape));
  return (
    !layout?.output &&
    sizeOf(output.shape.slice(0, axis)) === 1 &&
    others.every((size) => size === first) &&
    new Set(inputs).size === inputs.length
  );
}

/** The same for all that join the same values. */
function keyOf({ inputs }: ProgramNode): string {
  return [...inputs].sort((a, b) => a - b).join();
}

/** Whether it is the product of a transposed matrix with another, of whose rows neither order matters. */
function isSumOfProducts({ work }: ProgramNode): boolean {
  if (work.kind !== "claim" || work.request.op !== "matmul") return false;
  const { transposeA, transposeB } = work.request.attributes as MatmulAttributes;
  return transposeA && !transposeB && work.request.inputs.slice(0, 2).every(({ shape }) => shape.length === 2);
}

/** How many terms each sum has: parts of one size are then whole rows of both factors. */
function depthOf({ work }: ProgramNode): number {
  return (work as { readonly request: OpRequest }).request.inputs[0].shape[0];
}

/** The request that joins the node's parts in another order. */
function partsInOrder({ work, inputs }: ProgramNode, order: readonly number[]): OpRequest {
  const { request } = work as { readonly request: OpRequest };
  const parts: readonly Signature[] = order.map((value) => request.inputs[inputs.indexOf(value)]);
  return { ...request, inputs: parts };
}
