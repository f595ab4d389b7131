/**
 * Results of one nest that are joined along their last axis are stored where they belong, and need no concatenation: the
 * gradients of a recurrent cell's gates, in every step.
 */
import type { Claim, LoopNest, OpRequest, ProgramDraft, ProgramNode, Shape } from "@sconce/core";
import { sameShape } from "@sconce/core";
import type { JoinedNestAttributes } from "../claims/joined-nest.ts";
import type { LaidOutRequest } from "./orders.ts";
import { readCounts, signatureOf, writersOf } from "./uses.ts";

export function joinStores(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const writers = writersOf(draft);
  const reads = readCounts(draft);
  const replaced = new Map<ProgramNode, readonly ProgramNode[]>();
  for (const node of draft.nodes) {
    const { work, inputs } = node;
    if (work.kind !== "claim" || work.request.op !== "concatenate" || inputs.length < 2) continue;
    const maker = writers.get(inputs[0]);
    if (maker?.work.kind !== "nest" || replaced.has(maker)) continue;
    const isPart = (value: number): boolean => maker.outputs.includes(value) && reads.get(value) === 1;
    if (!inputs.every(isPart) || !joinsRows(work.request)) continue;
    const made = { value: node.outputs[0], shape: work.request.output.shape };
    const joined = joinedNode(draft.values, maker, inputs, made, claim);
    if (!joined) continue;
    replaced.set(node, []);
    replaced.set(maker, [joined]);
  }
  return { ...draft, nodes: draft.nodes.flatMap((node) => replaced.get(node) ?? [node]) };
}

/** The nest's node with `results`, which have rows of one length, side by side in the rows of one value. */
export function joinedNode(
  values: ProgramDraft["values"],
  node: ProgramNode,
  results: readonly number[],
  made: { readonly value: number; readonly shape: Shape },
  claim: Claim,
): ProgramNode | undefined {
  const { nest } = node.work as { readonly nest: LoopNest };
  const row = made.shape[made.shape.length - 1] / results.length;
  const attributes: JoinedNestAttributes = { nest, row, joined: results.map((value) => node.outputs.indexOf(value)) };
  const inputs = node.inputs.map((value) => signatureOf(values[value]));
  const request: OpRequest = {
    op: "joinedNest",
    attributes,
    inputs,
    output: { shape: made.shape, dtype: values[results[0]].dtype },
  };
  const kernel = claim(request);
  if (!kernel) return undefined;
  const others = node.outputs.filter((value) => !results.includes(value));
  return { ...node, work: { kind: "claim", request, kernel }, outputs: [...others, made.value] };
}

/** Whether it joins arrays of one shape along their last axis. */
function joinsRows({ attributes, inputs, output, layout }: LaidOutRequest): boolean {
  const { axis } = attributes as { readonly axis: number };
  return (
    !layout?.output &&
    axis === output.shape.length - 1 &&
    inputs.every(({ shape }) => sameShape(shape, inputs[0].shape))
  );
}
