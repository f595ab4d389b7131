/**
 * Convolutions and pools whose large results only the next one reads run with it in one node, some rows at a time: the
 * results between stay in the processor's caches instead of going through memory. So do a 1x1 convolution to many channels,
 * the depthwise one of its result and the 1x1 convolution back to few, as in MobileNetV2, or a network's first convolution
 * and the pool after it.
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
import type { StripsAttributes } from "../claims/convolution.ts";
import type { LaidOutRequest } from "./orders.ts";
import { readCounts, writersOf } from "./uses.ts";

/** Elements of a result between, at least: smaller ones stay in the caches by themselves. */
const fewest = 200_000;
/** Products of a sum, at most, as the addon wants it. */
const deepest = 1536;

export function joinStrips(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const writers = writersOf(draft);
  const reads = readCounts(draft);
  const replaced = new Map<ProgramNode, readonly ProgramNode[]>();
  for (const node of draft.nodes) {
    const [between] = node.inputs;
    const written = writers.get(between);
    const maker = written && (replaced.get(written)?.[0] ?? written);
    if (!maker || reads.get(between) !== 1) continue;
    const [before, after] = [stagesOf(maker), stagesOf(node)];
    if (!before || !after || !follows(before[before.length - 1], after[0])) continue;
    const parts = [...before, ...after];
    const attributes: StripsAttributes = { parts };
    const others = node.inputs.slice(1);
    const { output } = after[0];
    const inputs = [...parts[0].inputs.slice(0, 1), ...parts.flatMap((part) => part.inputs.slice(1))];
    const request: OpRequest = { op: "strips", attributes, inputs, output };
    const kernel = claim(request);
    if (!kernel) continue;
    const joined: ProgramNode = {
      name: `${maker.name} | ${node.name}`,
      work: { kind: "claim", request, kernel },
      inputs: [...maker.inputs, ...others],
      outputs: node.outputs,
      flops: maker.flops + node.flops,
    };
    replaced.set(written, []);
    replaced.set(node, [joined]);
  }
  return { ...draft, nodes: draft.nodes.flatMap((node) => replaced.get(node) ?? [node]) };
}

/** The convolutions and pools that the node is. */
function stagesOf({ work }: ProgramNode): readonly LaidOutRequest[] | undefined {
  if (work.kind !== "claim") return undefined;
  const { request } = work;
  if (request.op === "strips") return (request.attributes as StripsAttributes).parts;
  const { layout }: LaidOutRequest = request;
  return layout?.output && layout.images === 1 && kindOf(request) ? [request] : undefined;
}

/** Whether the second may be joined to the first, whose result it reads. */
function follows(first: LaidOutRequest, second: LaidOutRequest): boolean {
  const [before, after] = [kindOf(first), kindOf(second)];
  const operands = (first.epilogue as NestEpilogue | undefined)?.operands ?? [];
  const isUsual =
    (before === "planes" && (after === "pool" || after === "depthwise")) ||
    (before === "product" && after === "depthwise" && first.inputs[0].shape[1] <= 128) ||
    (before === "depthwise" && after === "product");
  return isUsual && sizeOf(first.output.shape) >= fewest && !operands.includes("element");
}

type Kind = "planes" | "product" | "depthwise" | "pool";

/** What a request is as a stage; the addon wants enough channels. */
function kindOf(request: LaidOutRequest): Kind | undefined {
  const { op, inputs, attributes, layout } = request;
  if (op === "maxPool") return "pool";
  if (op !== "convolution") return undefined;
  const [x, weight] = inputs.map(({ shape }) => shape);
  const { stride, padding, groups } = attributes as ConvolutionAttributes;
  const [outputs, channels, ...kernel] = weight;
  const depth = sizeOf(weight.slice(1));
  if (groups === 1 && !layout?.inputs[0])
    return channels < 8 && outputs >= 8 && depth <= deepest ? "planes" : undefined;
  if (groups > 1) return groups === x[1] && groups === outputs && groups >= 16 ? "depthwise" : undefined;
  const isSingle = [...kernel, ...stride].every((n) => n === 1) && padding.flat().every((n) => n === 0);
  return isSingle && Math.min(outputs, channels) >= 8 && depth <= deepest ? "product" : undefined;
}
