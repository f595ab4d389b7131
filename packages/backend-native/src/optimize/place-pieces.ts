/**
 * What is joined one after the other is made where it belongs: the kernels that write a piece write it into the joined
 * result, the kernels that read it read it there, and nothing is copied. The gradients of a recurrent layer's gates at
 * every step are joined for the gradient of the weights.
 *
 * To the program, the first kernel that writes a piece writes the whole result, and the others read it: so it lives from
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
import { alignment, boundValues, joinsInMemory, type Piece } from "./pieces.ts";
import { signatureOf, writersOf } from "./uses.ts";

/** `known` are pieces that the draft has already, of values that are begun before them. */
export function placePieces(
  draft: ProgramDraft,
  known: ReadonlyMap<number, Piece>,
  compile: (nest: LoopNest) => NativeKernel,
): ProgramDraft {
  const pieces = piecesOf(draft, known);
  if (pieces.size === 0) return draft;
  const begun = new Set<number>();
  const nodes: ProgramNode[] = [];
  for (const node of draft.nodes) {
    const isJoin = node.work.kind === "claim" && joinsInMemory(node.work.request);
    if (isJoin && pieces.get(node.inputs[0])?.whole === node.outputs[0]) continue;
    const isPlaced = [...node.inputs, ...node.outputs].some((value) => pieces.has(value));
    nodes.push(isPlaced ? (nestWithin(node) ?? placedNode(node)) : node);
    for (const output of node.outputs) begun.add(pieces.get(output)?.whole ?? output);
  }
  return { ...draft, nodes };

  /** A nest that only reads pieces may say in its loads where they are, and stays a nest. */
  function nestWithin({ work, inputs, outputs, ...rest }: ProgramNode): ProgramNode | undefined {
    if (work.kind !== "nest" || outputs.some((value) => pieces.has(value))) return undefined;
    const { nest } = work;
    const within = (list: readonly Instruction[]): Instruction[] =>
      list.map((instruction) => {
        if (instruction.kind !== "load" || instruction.access.kind !== "affine") return instruction;
        const { access, dtype } = instruction;
        const { offset } = pieces.get(inputs[instruction.input]) ?? { offset: 0 };
        return { ...instruction, access: { ...access, offset: access.offset + offset / bytesPerElement(dtype) } };
      });
    const readsElsewhere = [...nest.body, ...nest.epilogue].some(
      (each) => each.kind === "load" && each.access.kind === "computed" && pieces.has(inputs[each.input]),
    );
    if (readsElsewhere) return undefined;
    const moved = { ...nest, body: within(nest.body), epilogue: within(nest.epilogue) };
    const wholes = inputs.map((value) => pieces.get(value)?.whole ?? value);
    return { ...rest, work: { kind: "nest", nest: moved }, inputs: wholes, outputs };
  }

  function placedNode(node: ProgramNode): ProgramNode {
    const wholeOf = (value: number): number => pieces.get(value)?.whole ?? value;
    const written = new Set(node.outputs.map(wholeOf));
    // What others have begun to write comes between the inputs and the outputs.
    const continued = [...written].filter((value) => begun.has(value));
    const inputs = [...new Set(node.inputs.map(wholeOf))].filter((value) => !written.has(value));
    const outputs = [...written].filter((value) => !begun.has(value));
    const buffers = [...inputs, ...continued, ...outputs];
    const places = [...node.inputs, ...node.outputs].map((value) => ({
      buffer: buffers.indexOf(wholeOf(value)),
      offset: pieces.get(value)?.offset ?? 0,
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
    const [output, ...signatures] = [outputs[0], ...inputs].map((value) => signatureOf(draft.values[value]));
    return { request: { op: "nest", attributes: nest, inputs: signatures, output }, kernel: compile(nest) };
  }
}

/** The values that can be made as pieces of others. */
function piecesOf(draft: ProgramDraft, known: ReadonlyMap<number, Piece>): ReadonlyMap<number, Piece> {
  const { values, nodes } = draft;
  const writers = writersOf(draft);
  const bound = boundValues(draft);
  const pieces = new Map(known);
  const wholes = new Set([...known.values()].map(({ whole }) => whole));
  for (const { work, inputs, outputs } of nodes) {
    const [whole] = outputs;
    if (work.kind !== "claim" || !joinsInMemory(work.request)) continue;
    if (bound.has(whole) || pieces.has(whole) || wholes.has(whole)) continue;
    const bytes = inputs.map((value) => sizeOf(values[value].shape) * bytesPerElement(values[value].dtype));
    const isFree = (value: number): boolean =>
      writers.has(value) && !bound.has(value) && !pieces.has(value) && !wholes.has(value);
    if (new Set(inputs).size < inputs.length || !inputs.every(isFree)) continue;
    if (bytes.some((count) => count === 0 || count % alignment !== 0)) continue;
    let offset = 0;
    for (const [i, value] of inputs.entries()) {
      pieces.set(value, { whole, offset });
      offset += bytes[i];
    }
    wholes.add(whole);
  }
  return pieces;
}
