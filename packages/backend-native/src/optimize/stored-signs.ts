/**
 * Where a nest stores both e and y = max(e, 0), and e is only asked for its sign, y answers as well: e is not stored.
 *
 * So it is with the sum of a residual block whose shortcut is a convolution too: y goes on, and the gradient of the ReLU
 * wants to know where the sum was positive. That spares writing e, and the memory that keeps it until then.
 */
import type { Instruction, LoopNest, ProgramDraft, ProgramNode } from "@sconce/core";
import { sameShape } from "@sconce/core";
import { clampedOperand } from "./rectified.ts";
import { operandsOf } from "./unused.ts";

export function askRectified(draft: ProgramDraft): ProgramDraft {
  const rectified = bothStored(draft);
  const keep = (value: number): boolean => rectified.delete(value);
  for (const { value } of draft.outputs) keep(value);
  for (const { work, inputs } of draft.nodes) {
    inputs.forEach((value, input) => {
      if (rectified.has(value) && !(work.kind === "nest" && asksForSigns(work.nest, input))) keep(value);
    });
  }
  if (rectified.size === 0) return draft;
  const nodes = draft.nodes.map((node): ProgramNode => {
    const inputs = node.inputs.map((value) => rectified.get(value) ?? value);
    if (node.work.kind !== "nest" || !node.outputs.some((value) => rectified.has(value))) return { ...node, inputs };
    const { nest } = node.work;
    const isStored = (_: unknown, i: number): boolean => !rectified.has(node.outputs[i]);
    const stores = nest.stores.filter(isStored);
    return {
      ...node,
      work: { kind: "nest", nest: { ...nest, stores } },
      inputs,
      outputs: node.outputs.filter(isStored),
    };
  });
  return { ...draft, nodes };
}

/** The values that are stored beside what max(e, 0) makes of them, and the latter. */
function bothStored({ nodes, values }: ProgramDraft): Map<number, number> {
  const found = new Map<number, number>();
  for (const { work, outputs } of nodes) {
    if (work.kind !== "nest" || work.nest.reduce) continue;
    const { body, stores } = work.nest;
    stores.forEach((store, i) => {
      const of = clampedOperand(body, store.value, "maximum");
      const at = stores.findIndex(({ value }) => value === of);
      if (at < 0) return;
      const [e, y] = [outputs[at], outputs[i]];
      const isFloat = [stores[at], store].every(({ dtype }) => dtype === "float32");
      if (isFloat && sameShape(values[e].shape, values[y].shape)) found.set(e, y);
    });
  }
  return found;
}

/** Whether all that a nest does with an input is to ask where it is greater than 0. */
function asksForSigns({ body, reduce, epilogue, stores }: LoopNest, input: number): boolean {
  const asks = (list: readonly Instruction[], results: readonly number[]): boolean =>
    list.every((load, at) => {
      if (load.kind !== "load" || load.input !== input) return true;
      return (
        !results.includes(at) &&
        list.every((_, user) => !operandsOf(list[user]).includes(at) || clampedOperand(list, user, "greater") === at)
      );
    });
  const stored = stores.map(({ value }) => value);
  return (
    asks(body, reduce ? reduce.accumulators.map(({ value }) => value) : stored) && asks(epilogue, reduce ? stored : [])
  );
}
