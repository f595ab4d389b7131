/**
 * A 1x1 convolution to many channels whose large result only a depthwise convolution reads, as in MobileNetV2, runs with
 * it in one node: the result stays in the processor's caches, a few rows at a time, instead of going through memory.
 */
import {
  type Claim,
  type ConvolutionAttributes,
  type NestEpilogue,
  type OpRequest,
  type ProgramDraft,
  type ProgramNode,
  sizeOf,
} from "@sconce/core";
import type { ExpandedAttributes } from "../claims/convolution.ts";
import type { LaidOutRequest } from "./orders.ts";
import { readCounts, writersOf } from "./uses.ts";

/** Elements of the result in between, at least: smaller ones stay in the caches by themselves. */
const fewest = 200_000;

export function joinExpansions(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const writers = writersOf(draft);
  const reads = readCounts(draft);
  const replaced = new Map<ProgramNode, readonly ProgramNode[]>();
  for (const node of draft.nodes) {
    const second = convolutionOf(node);
    const [between, ...others] = node.inputs;
    const maker = writers.get(between);
    const first = maker && convolutionOf(maker);
    if (!second || !maker || !first || reads.get(between) !== 1) continue;
    if (!isExpansion(first) || !isDepthwise(second) || sizeOf(first.output.shape) < fewest) continue;
    const attributes: ExpandedAttributes = { parts: [first, second] };
    const inputs = [...first.inputs, ...second.inputs.slice(1)];
    const request: OpRequest = { op: "expandedDepthwise", attributes, inputs, output: second.output };
    const kernel = claim(request);
    if (!kernel) continue;
    replaced.set(maker, []);
    replaced.set(node, [
      {
        name: `${maker.name} | ${node.name}`,
        work: { kind: "claim", request, kernel },
        inputs: [...maker.inputs, ...others],
        outputs: node.outputs,
        flops: maker.flops + node.flops,
      },
    ]);
  }
  return { ...draft, nodes: draft.nodes.flatMap((node) => replaced.get(node) ?? [node]) };
}

/** The convolution that the node is, if it works channels-last throughout. */
function convolutionOf({ work }: ProgramNode): LaidOutRequest | undefined {
  if (work.kind !== "claim" || work.request.op !== "convolution") return undefined;
  const { layout }: LaidOutRequest = work.request;
  return layout?.inputs[0] && layout.output && layout.images === 1 ? work.request : undefined;
}

/** Whether every position is multiplied by one matrix, to eight channels or more, and nothing as large as the result is added. */
function isExpansion({ inputs: [x, weight], attributes, epilogue }: OpRequest): boolean {
  const { stride, padding, groups } = attributes as ConvolutionAttributes;
  const [outputs, channels, ...kernel] = weight.shape;
  const isSingle = [...kernel, ...stride].every((n) => n === 1) && padding.flat().every((n) => n === 0);
  const operands = (epilogue as NestEpilogue | undefined)?.operands ?? [];
  return (
    isSingle &&
    groups === 1 &&
    Math.min(outputs, channels) >= 8 &&
    channels === x.shape[1] &&
    channels <= 128 &&
    !operands.includes("element")
  );
}

/** Whether each channel has one kernel of its own; the addon wants vectors full of channels. */
function isDepthwise({ inputs: [x, weight], attributes }: OpRequest): boolean {
  const { groups } = attributes as ConvolutionAttributes;
  return groups === x.shape[1] && groups === weight.shape[0] && groups >= 16;
}
