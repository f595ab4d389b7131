/** Values that are pieces of others in memory. */
import { type ProgramDraft, type ProgramNode, sizeOf } from "@sconce/core";
import type { LaidOutRequest } from "./orders.ts";

/** Where a value lies in another one. */
export interface Piece {
  readonly whole: number;
  /** Bytes before it. */
  readonly offset: number;
}

/** Bytes. Pieces begin where allocations may: at whole cache lines. */
export const alignment = 64;

/** Whether a node's kernel may find its buffers anywhere. Those that look at what their buffers held before must not. */
function canBePlaced(work: ProgramNode["work"]): boolean {
  return work.kind === "nest" || (work.kind === "claim" && !["hold", "keptNest"].includes(work.request.op));
}

/** The values that must have buffers of their own: what is given out, and what such kernels read and write. */
export function boundValues(draft: ProgramDraft): ReadonlySet<number> {
  const held = draft.nodes.filter(({ work }) => !canBePlaced(work));
  return new Set([
    ...draft.outputs.map(({ value }) => value),
    ...held.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
  ]);
}

/** Whether it joins arrays one after the other in memory. */
export function joinsInMemory({ op, output, attributes, layout }: LaidOutRequest): boolean {
  if (op !== "concatenate") return false;
  const { axis } = attributes as { readonly axis: number };
  // In memory, channels may come after the positions.
  const before = output.shape.filter((_, i) => (layout?.output && axis === 1 ? i !== 1 : i < axis));
  return sizeOf(before) === 1;
}
