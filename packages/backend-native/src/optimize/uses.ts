/** Who makes and who reads the values of a draft. */
import type { Instruction, LoopNest, ProgramDraft, ProgramNode, Signature } from "@sconce/core";

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

/** The places of the nodes that read each value. */
export function readersOf(nodes: readonly ProgramNode[]): Map<number, number[]> {
  const readers = new Map<number, number[]>();
  nodes.forEach(({ inputs }, place) => {
    for (const value of new Set(inputs)) readers.set(value, [...(readers.get(value) ?? []), place]);
  });
  return readers;
}

export type Load = Extract<Instruction, { readonly kind: "load" }>;

/** The loads of a value in a nest that reads `inputs`. */
export function loadsOf({ body, epilogue }: LoopNest, inputs: readonly number[], value: number): readonly Load[] {
  return [...body, ...epilogue].filter((each): each is Load => each.kind === "load" && inputs[each.input] === value);
}

/** The signature of a value, without what else is known of it. */
export function signatureOf({ shape, dtype }: Signature): Signature {
  return { shape, dtype };
}
