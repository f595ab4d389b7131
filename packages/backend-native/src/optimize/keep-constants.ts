/**
 * What a prediction computes from weights alone is computed once: the scale and shift that a batch norm with known
 * statistics amounts to, of every layer.
 *
 * A draft does not tell variables from a program's arguments. So the nests in question become kernels that look at the
 * versions of what they read (addon/kept/kept.h) and run only where these have changed. They come first, and a node that
 * does nothing reads their results last, which keeps anything else from being written in their place.
 */
import { type Claim, type OpRequest, type ProgramDraft, type ProgramNode, type Signature, sizeOf } from "@sconce/core";
import { signatureOf } from "./uses.ts";

/** Elements at most: larger values are hardly one number for each channel, and rather arguments than weights. */
const largest = 16384;

export function keepConstants(draft: ProgramDraft, claim: Claim): ProgramDraft {
  const { values, outputs } = draft;
  // In training weights change in every step.
  if (outputs.some(({ replaces }) => replaces !== undefined)) return draft;
  const given = new Set(outputs.map(({ value }) => value));
  const kept: ProgramNode[] = [];
  const rest: ProgramNode[] = [];
  for (const node of draft.nodes) {
    const { work } = node;
    const mayStay =
      work.kind === "nest" &&
      !work.nest.reduce &&
      node.inputs.every((value) => values[value].source !== undefined) &&
      node.outputs.every((value) => !given.has(value)) &&
      [...node.inputs, ...node.outputs].every((value) => sizeOf(values[value].shape) <= largest);
    const signatures = node.inputs.map((value) => values[value]);
    const request = {
      op: "keptNest",
      attributes: mayStay && work.nest,
      ...requestOf(signatures, values[node.outputs[0]]),
    };
    const kernel = mayStay ? claim(request) : undefined;
    if (kernel) kept.push({ ...node, work: { kind: "claim", request, kernel } });
    else rest.push(node);
  }
  if (kept.length === 0) return draft;
  const held = kept.flatMap((node) => node.outputs);
  const nothing: Signature = { shape: [0], dtype: "float32" };
  const request: OpRequest = {
    op: "hold",
    attributes: {},
    ...requestOf(
      held.map((value) => values[value]),
      nothing,
    ),
  };
  const kernel = claim(request);
  if (!kernel) return draft;
  const hold: ProgramNode = {
    name: "hold",
    work: { kind: "claim", request, kernel },
    inputs: held,
    outputs: [values.length],
    flops: 0,
  };
  return { ...draft, values: [...values, nothing], nodes: [...kept, ...rest, hold] };
}

/** The signatures of a request, without what else is known of the values. */
function requestOf(inputs: readonly Signature[], output: Signature): Pick<OpRequest, "inputs" | "output"> {
  return { inputs: inputs.map(signatureOf), output: signatureOf(output) };
}
