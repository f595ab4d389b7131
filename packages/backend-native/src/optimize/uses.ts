/** Who makes and who reads the values of a draft. */
import type { ProgramDraft, ProgramNode } from "@sconce/core";

/** How many times each value is read, by nodes or as an output of the program. */
export function readCounts({ nodes, outputs }: ProgramDraft): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const values = [...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ value }) => value)];
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The node that makes each value. */
export function writersOf({ nodes }: ProgramDraft): Map<number, ProgramNode> {
  return new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
}
