/**
 * Convolutions whose results are joined by their channels write these where they belong, in one node that needs no
 * concatenation. Channels-last, a part's channels are a piece of each position, and the next position is further away.
 */
import type { Claim, NestEpilogue, OpRequest, ProgramDraft, ProgramNode } from "@sconce/core";
import type { JoinedAttributes } from "../claims/convolution.ts";
import type { LaidOutRequest } from "./orders.ts";
import { readCounts, writersOf } from "./uses.ts";

export function joinConvolutions(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const writers = writersOf(draft);
  const reads = readCounts(draft);
  const replaced = new Map<ProgramNode, readonly ProgramNode[]>();
  for (const node of draft.nodes) {
    if (node.work.kind !== "claim" || !joinsChannels(node.work.request)) continue;
    const makers = node.inputs.map((part) => writers.get(part));
    const parts = makers.map((maker) => maker && partOf(maker));
    if (!parts.every((part) => part !== undefined) || !node.inputs.every((part) => reads.get(part) === 1)) continue;
    const attributes: JoinedAttributes = { parts };
    const inputs = parts.flatMap((part) => part.inputs);
    const request: OpRequest = { op: "joinedConvolutions", attributes, inputs, output: node.work.request.output };
    const kernel = claim(request);
    if (!kernel) continue;
    const convolutions = makers as ProgramNode[];
    for (const each of convolutions) replaced.set(each, []);
    const joined: ProgramNode = {
      name: convolutions.map(({ name }) => name).join(" | "),
      work: { kind: "claim", request, kernel },
      inputs: convolutions.flatMap((each) => each.inputs),
      outputs: node.outputs,
      flops: convolutions.reduce((sum, { flops }) => sum + flops, 0),
    };
    replaced.set(node, [joined]);
  }
  return { ...draft, nodes: draft.nodes.flatMap((node) => replaced.get(node) ?? [node]) };
}

/** Whether it is a concatenation of the channels of values that lie channels-last. */
function joinsChannels(request: LaidOutRequest): boolean {
  const { op, attributes, layout } = request;
  return op === "concatenate" && layout?.output === true && (attributes as { readonly axis: number }).axis === 1;
}

/** The convolution that the node is, if its result may lie in a larger one: operands of its size would have to as well. */
function partOf({ work }: ProgramNode): LaidOutRequest | undefined {
  if (work.kind !== "claim" || work.request.op !== "convolution") return undefined;
  const request: LaidOutRequest = work.request;
  const operands = (request.epilogue as NestEpilogue | undefined)?.operands ?? [];
  return request.layout?.output && !operands.includes("element") ? request : undefined;
}
