/** What nothing uses in a nest is left out. */
import type { Instruction, LoopNest, ProgramNode } from "@sconce/core";
import { renumber } from "./loops.ts";

/** A nest without a reduction, which reads `values`, as work without the instructions and inputs that its stores do not need. */
export function withoutUnused(nest: LoopNest, values: readonly number[]): Pick<ProgramNode, "work" | "inputs"> {
  const used = new Set(nest.stores.map(({ value }) => value));
  for (let at = nest.body.length - 1; at >= 0; at--) {
    if (used.has(at)) for (const operand of operandsOf(nest.body[at])) used.add(operand);
  }
  const kept: number[] = [];
  const inputOf = (input: number): number => {
    // Equal values are read through one input.
    const known = kept.findIndex((each) => values[each] === values[input]);
    return known >= 0 ? known : kept.push(input) - 1;
  };
  const body: Instruction[] = [];
  const places: number[] = [];
  nest.body.forEach((instruction, at) => {
    if (!used.has(at)) return;
    const moved = renumber(instruction, places);
    places[at] = body.push(moved.kind === "load" ? { ...moved, input: inputOf(moved.input) } : moved) - 1;
  });
  const stores = nest.stores.map((store) => ({ ...store, value: places[store.value] }));
  return {
    work: { kind: "nest", nest: { ...nest, inputs: kept.map((input) => nest.inputs[input]), body, stores } },
    inputs: kept.map((input) => values[input]),
  };
}

/** The instructions that one uses. */
export function operandsOf(instruction: Instruction): readonly number[] {
  if (instruction.kind === "apply") return instruction.operands;
  if (instruction.kind !== "load") return [];
  const { access, guard } = instruction;
  return [...(access.kind === "computed" ? [access.index] : []), ...(guard === undefined ? [] : [guard])];
}
