/**
 * What is joined one after the other is made where it belongs: the kernels that write a part write it into the joined
 * result, the kernels that read it read it there, and nothing is copied. The gradients of a recurrent layer's gates at
 * every step are joined for the gradient of the weights.
 *
 * To the program, the first kernel that writes a part writes the whole result, and the others read it: so it lives from
 * the first on, and nothing moves before that. Which kernel writes what into it is known here alone.
 */
import {
  bytesPerElement,
  type Instruction,
  type LoopNest,
  type OpRequest,
  type ProgramDraft,
  type ProgramNode,
  sizeOf,
} from "@sconce/core";
import type { NativeKernel } from "../native-kernel.ts";
import { canBePlaced, joinsInMemory, type Part } from "./parts.ts";
import { writersOf } from "./uses.ts";

/** Parts begin where allocations may: at whole cache lines. */
const alignment = 64;

/** `known` are parts that the draft has already, of values that are begun before them. */
export function placeParts(
  draft: ProgramDraft,
  known: ReadonlyMap<number, Part>,
  compile: (nest: LoopNest) => NativeKernel,
): ProgramDraft {
  const parts = partsOf(draft, known);
  if (parts.size === 0) return draft;
  const begun = new Set<number>();
  const nodes: ProgramNode[] = [];
  for (const node of draft.nodes) {
    const joins = parts.get(node.inputs[0])?.whole === node.outputs[0];
    if (joins) continue;
    const isPlaced = [...node.inputs, ...node.outputs].some((value) => parts.has(value));
    nodes.push(isPlaced ? (nestWithin(node) ?? placedNode(node)) : node);
    for (const output of node.outputs) begun.add(parts.get(output)?.whole ?? output);
  }
  return { ...draft, nodes };

  /** A nest that only reads parts may say in its loads where they are, and stays a nest. */
  function nestWithin({ work, inputs, outputs, ...rest }: ProgramNode): ProgramNode | undefined {
    if (work.kind !== "nest" || outputs.some((value) => parts.has(value))) return undefined;
    const { nest } = work;
    const within = (list: readonly Instruction[]): Instruction[] =>
      list.map((instruction) => {
        if (instruction.kind !== "load" || instruction.access.kind !== "affine") return instruction;
        const { access, dtype } = instruction;
        const { offset } = parts.get(inputs[instruction.input]) ?? { offset: 0 };
        return { ...instruction, access: { ...access, offset: access.offset + offset / bytesPerElement(dtype) } };
      });
    const readsElsewhere = [...nest.body, ...nest.epilogue].some(
      (each) => each.kind === "load" && each.access.kind === "computed" && parts.has(inputs[each.input]),
    );
    if (readsElsewhere) return undefined;
    const moved = { ...nest, body: within(nest.body), epilogue: within(nest.epilogue) };
    const wholes = inputs.map((value) => parts.get(value)?.whole ?? value);
    return { ...rest, work: { kind: "nest", nest: moved }, inputs: wholes, outputs };
  }

  function placedNode(node: ProgramNode): ProgramNode {
    const wholeOf = (value: number): number => parts.get(value)?.whole ?? value;
    const written = new Set(node.outputs.map(wholeOf));
    // What others have begun to write comes between the inputs and the outputs.
    const continued = [...written].filter((value) => begun.has(value));
    const inputs = [...new Set(node.inputs.map(wholeOf))].filter((value) => !written.has(value));
    const outputs = [...written].filter((value) => !begun.has(value));
    const buffers = [...inputs, ...continued, ...outputs];
    const places = [...node.inputs, ...node.outputs].map((value) => ({
      buffer: buffers.indexOf(wholeOf(value)),
      offset: parts.get(value)?.offset ?? 0,
    }));
    const { request, kernel } = claimOf(node);
    return {
      ...node,
      work: { kind: "claim", request, kernel: kernel.at(places) },
      inputs: [...inputs, ...continued],
      outputs,
    };
  }

  function claimOf({ work, inputs, outputs }: ProgramNode): { request: OpRequest; kernel: NativeKernel } {
    if (work.kind === "claim") return { request: work.request, kernel: work.kernel as NativeKernel };
    const { nest } = work as { readonly nest: LoopNest };
    const [output, ...signatures] = [outputs[0], ...inputs].map((value) => {
      const { shape, dtype } = draft.values[value];
      return { shape, dtype };
    });
    return { request: { op: "nest", attributes: nest, inputs: signatures, output }, kernel: compile(nest) };
  }
}

/** The values that can be made as parts of others. */
function partsOf(draft: ProgramDraft, known: ReadonlyMap<number, Part>): ReadonlyMap<number, Part> {
  const { values, nodes, outputs } = draft;
  const writers = writersOf(draft);
  const bound = new Set(outputs.map(({ value }) => value));
  for (const { work, inputs, outputs } of nodes) {
    if (!canBePlaced(work)) for (const value of [...inputs, ...outputs]) bound.add(value);
  }
  const parts = new Map(known);
  const wholes = new Set([...known.values()].map(({ whole }) => whole));
  for (const {
    work,
    inputs,
    outputs: [whole],
  } of nodes) {
    if (
      work.kind !== "claim" ||
      !joinsInMemory(work.request) ||
      bound.has(whole) ||
      parts.has(whole) ||
      wholes.has(whole)
    )
      continue;
    const bytes = inputs.map((value) => sizeOf(values[value].shape) * bytesPerElement(values[value].dtype));
    const isFree = (value: number): boolean =>
      writers.has(value) && !bound.has(value) && !parts.has(value) && !wholes.has(value);
    if (new Set(inputs).size < inputs.length || !inputs.every(isFree)) continue;
    if (bytes.some((count) => count === 0 || count % alignment !== 0)) continue;
    let offset = 0;
    for (const [i, value] of inputs.entries()) {
      parts.set(value, { whole, offset });
      offset += bytes[i];
    }
    wholes.add(whole);
  }
  return parts;
}
