/**
 * Elementwise work on the result of a matrix product or convolution becomes part of its kernel, which spares writing
 * the result and reading it again: bias and activation of a layer, batch norm with known statistics, residual sums.
 *
 * A claimed node and a nest are merged when the nest is the only reader of the claim's result and is an epilogue of it
 * (see nest-epilogue.ts). The merged node runs as early as its inputs allow. Updates of variables stay nests, because
 * these can be done in place.
 */
import type { Claim } from "../backend/backend.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { type MatrixView, nestEpilogue } from "./nest-epilogue.ts";
import type { ProgramDraft, ProgramNode } from "./program.ts";

/** A matrix for each image: a row per channel, a column per position. */
const channelRows = ([, rows, ...spatial]: Shape): MatrixView => ({ rows, columns: sizeOf(spatial) });

/** The claims that may take an epilogue, and how their results are seen. */
const views: Readonly<Record<string, (shape: Shape) => MatrixView>> = {
  matmul: (shape) => ({ rows: shape[shape.length - 2], columns: shape[shape.length - 1] }),
  convolution: channelRows,
  convolutionInputGradient: channelRows,
};

/**
 * An upgrade for backends whose claims take `request.epilogue`, a NestEpilogue; where `claim` gives no kernel for one,
 * both nodes stay as they are.
 */
export function fuseEpilogues(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const { outputs } = draft;
  const nodes = [...draft.nodes];
  const writers = new Map<number, ProgramNode>();
  const reads = new Map<number, number>();
  for (const node of nodes) {
    for (const output of node.outputs) writers.set(output, node);
    for (const input of node.inputs) reads.set(input, (reads.get(input) ?? 0) + 1);
  }
  // An output's value is read by the caller.
  for (const { value } of outputs) reads.set(value, (reads.get(value) ?? 0) + 2);
  const variables = new Set(outputs.filter(({ replaces }) => replaces !== undefined).map(({ value }) => value));

  for (const nest of draft.nodes) {
    if (nest.work.kind !== "nest" || variables.has(nest.outputs[0])) continue;
    const place = (value: number): number => nodes.indexOf(writers.get(value) as ProgramNode);
    const results = nest.inputs.filter((value) => reads.get(value) === 1 && writers.get(value)?.work.kind === "claim");
    // The last of them, so that the others are there when it runs.
    for (const result of results.sort((a, b) => place(b) - place(a))) {
      const claimed = writers.get(result) as ProgramNode;
      const merged = merge(claimed, nest, draft, claim);
      if (!merged) continue;
      nodes.splice(nodes.indexOf(nest), 1);
      nodes.splice(1 + Math.max(nodes.indexOf(claimed), ...merged.inputs.map(place)), 0, merged);
      nodes.splice(nodes.indexOf(claimed), 1);
      writers.set(merged.outputs[0], merged);
      break;
    }
  }
  return { ...draft, nodes };
}

/** One node for both, if the backend has a kernel for it. */
function merge(
  claimed: ProgramNode,
  nest: ProgramNode,
  { values }: ProgramDraft,
  claim: Claim,
): ProgramNode | undefined {
  const { work } = claimed;
  if (work.kind !== "claim" || nest.work.kind !== "nest" || work.request.epilogue) return undefined;
  const { op, output } = work.request;
  const view = views[op]?.(output.shape);
  const [result] = claimed.outputs;
  if (!view || output.dtype !== "float32") return undefined;
  const found = nestEpilogue(nest.work.nest, nest.inputs.indexOf(result), sizeOf(values[result].shape), view);
  if (!found) return undefined;
  const request = { ...work.request, epilogue: found.epilogue };
  const kernel = claim(request);
  return (
    kernel && {
      name: `${claimed.name}+${nest.name}`,
      work: { kind: "claim", request, kernel },
      inputs: [...claimed.inputs, ...found.inputs.map((input) => nest.inputs[input])],
      outputs: nest.outputs,
      flops: claimed.flops + nest.flops,
    }
  );
}
