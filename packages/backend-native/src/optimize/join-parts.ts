/**
 * Kernels that follow each other and go over the same large arrays are done part by part, in one node: all of them on the
 * first few parts, then on the next few, so that an array is read from memory once (addon/parts/parts.h). A part is a
 * position along one loop of the results, such as a channel or a row. The moments of a batch norm, its result, the sums
 * over its cotangent and the gradient by its input are such a sequence where channels are not the innermost axis.
 *
 * A kernel joins where everything it reads of the others' results belongs to the part that it makes itself.
 */
import { type Claim, type OpRequest, type ProgramDraft, type ProgramNode, type Signature, sizeOf } from "@sconce/core";
import type { PartedWork, PartsAttributes } from "../claims/parts.ts";
import { extentsOf } from "./loops.ts";
import type { MomentsAttributes } from "./moments.ts";
import { signatureOf } from "./uses.ts";

/** Few parts would not keep all threads at work. */
const fewestParts = 32;
/** Arrays with fewer elements, such as the means of channels, are no matter. */
const largeArray = 1 << 16;
/** Elements that must be read or written again for a sequence to be worth it: small arrays stay in the caches anyway. */
const fewestAgain = 1 << 20;
/** Elements of all arrays that parts done at once should have, which a second-level cache holds, and may have. */
const fewAtOnce = 1 << 17;
const mostAtOnce = 1 << 20;

/** A node that is done in parts. */
interface Stage {
  readonly node: ProgramNode;
  readonly work: PartedWork;
  /** Of each result, how many neighbours belong to one part; those of the next parts follow, and after the last the first again. */
  readonly run: number;
}

export function joinParts(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const nodes: ProgramNode[] = [];
  for (let at = 0; at < draft.nodes.length; ) {
    const joined = sequenceAt(draft, at, claim);
    nodes.push(joined?.node ?? draft.nodes[at]);
    at += joined?.length ?? 1;
  }
  return { ...draft, nodes };
}

/** The best sequence that starts with a node, as one node. */
function sequenceAt(
  draft: ProgramDraft,
  at: number,
  claim: Claim,
): { readonly node: ProgramNode; readonly length: number } | undefined {
  let best: { stages: readonly Stage[]; parts: number; again: number } | undefined;
  for (const parts of partCountsOf(draft.nodes[at])) {
    const stages: Stage[] = [];
    const runs = new Map<number, number>();
    for (const node of draft.nodes.slice(at)) {
      const stage = stageOf(node, parts, runs, draft);
      if (!stage) break;
      stages.push(stage);
      for (const output of node.outputs) runs.set(output, stage.run);
      const again = elementsAgain(draft, stages);
      if (again >= fewestAgain && again > (best?.again ?? 0)) best = { stages: [...stages], parts, again };
    }
  }
  const node = best && nodeOf(draft, best.stages, best.parts, claim);
  return node && best && { node, length: best.stages.length };
}

/** The extents of loops that the node, as the first one, may be parted along. */
function partCountsOf({ work }: ProgramNode): readonly number[] {
  const counts = (): readonly number[] => {
    if (work.kind === "nest") return work.nest.reduce ? work.nest.shape.slice(0, 1) : work.nest.shape.slice(0, -1);
    return work.kind === "claim" && work.request.op === "moments"
      ? [(work.request.attributes as MomentsAttributes).extents[0]]
      : [];
  };
  return [...new Set(counts())].filter((count) => count >= fewestParts);
}

/** The node in parts, if what it reads of values in `runs`, which are made in parts, belongs to the same part. */
function stageOf(
  node: ProgramNode,
  parts: number,
  runs: ReadonlyMap<number, number>,
  draft: ProgramDraft,
): Stage | undefined {
  const { work, inputs } = node;
  if (work.kind === "claim" && work.request.op === "moments") {
    const { extents, strides } = work.request.attributes as MomentsAttributes;
    const run = runs.get(inputs[0]);
    const fits = run === undefined || staysInPart(strides, extents, 0, run);
    return extents[0] === parts && strides[2] === 1 && fits
      ? { node, work: { moments: work.request }, run: 1 }
      : undefined;
  }
  if (work.kind !== "nest") return undefined;
  const { nest } = work;
  const extents = extentsOf(nest);
  const isLarge = [...inputs, ...node.outputs].some((value) => sizeOf(draft.values[value].shape) >= largeArray);
  const fits = (loop: number): boolean =>
    extents[loop] === parts &&
    !(isLarge && loop === extents.length - 1) &&
    [...nest.body, ...nest.epilogue].every((each) => {
      const run = each.kind === "load" ? runs.get(inputs[each.input]) : undefined;
      if (each.kind !== "load" || run === undefined) return true;
      const { access, guard } = each;
      return guard === undefined && access.kind === "affine" && access.offset === 0
        ? staysInPart(access.strides, extents, loop, run)
        : false;
    });
  const loops = nest.shape.map((_, i) => i);
  const loop = (nest.reduce ? loops.slice(0, 1) : loops).find(fits);
  return loop === undefined ? undefined : { node, work: { nest, loop }, run: sizeOf(nest.shape.slice(loop + 1)) };
}

/** Whether an access that starts at 0 reaches, at each position along `loop`, only the part of that number. */
function staysInPart(strides: readonly number[], extents: readonly number[], loop: number, run: number): boolean {
  let reach = 0;
  const fits = strides.every((stride, i) => {
    if (i === loop) return stride === run;
    if (stride >= 0 && stride < run) reach += stride * (extents[i] - 1);
    return (stride >= 0 && stride < run) || stride % (run * extents[loop]) === 0;
  });
  return fits && reach < run;
}

/** The large values that each of the stages touches. */
function largeValues(draft: ProgramDraft, stages: readonly Stage[]): readonly ReadonlySet<number>[] {
  const isLarge = (value: number): boolean => sizeOf(draft.values[value].shape) >= largeArray;
  return stages.map(({ node }) => new Set([...node.inputs, ...node.outputs].filter(isLarge)));
}

function elements(draft: ProgramDraft, values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + sizeOf(draft.values[value].shape), 0);
}

/** How many elements the stages touch that one of them touched before. */
function elementsAgain(draft: ProgramDraft, stages: readonly Stage[]): number {
  const touched = largeValues(draft, stages).flatMap((values) => [...values]);
  return elements(draft, touched) - elements(draft, new Set(touched));
}

function nodeOf(draft: ProgramDraft, stages: readonly Stage[], parts: number, claim: Claim): ProgramNode | undefined {
  const nodes = stages.map(({ node }) => node);
  const outputs = nodes.flatMap((node) => node.outputs);
  const inputs = [...new Set(nodes.flatMap((node) => node.inputs))].filter((value) => !outputs.includes(value));
  const buffers = [...inputs, ...outputs];
  const inPart = elements(draft, new Set(largeValues(draft, stages).flatMap((values) => [...values]))) / parts;
  if (inPart > mostAtOnce) return undefined;
  const attributes: PartsAttributes = {
    parts,
    atOnce: Math.max(1, Math.floor(Math.min(fewAtOnce / inPart, parts / fewestParts))),
    outputs: outputs.length,
    stages: stages.map(({ node, work }) => ({
      work,
      buffers: [...node.inputs, ...node.outputs].map((value) => buffers.indexOf(value)),
    })),
  };
  const signature = (value: number): Signature => signatureOf(draft.values[value]);
  const request: OpRequest = {
    op: "parts",
    attributes,
    inputs: inputs.map(signature),
    output: signature(outputs[0]),
  };
  const kernel = claim(request);
  return (
    kernel && {
      name: [...new Set(nodes.map(({ name }) => name))].join(" | "),
      work: { kind: "claim", request, kernel },
      inputs,
      outputs,
      flops: nodes.reduce((sum, { flops }) => sum + flops, 0),
    }
  );
}
