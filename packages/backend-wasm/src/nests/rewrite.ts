/** Instruction lists for changed loops: strides, and positions along loops that have become several. */
import type { Instruction } from "@sconce/core";

/** How loops change. */
interface LoopChange {
  strides(strides: readonly number[]): readonly number[];
  /** What is added to the offset of an access with these old strides. */
  offset?(strides: readonly number[]): number;
  /** The old position along a loop as a sum of new positions, each times a factor. */
  axis(axis: number): readonly (readonly [axis: number, factor: number])[];
  /** And of this number. */
  shift?(axis: number): number;
}

/** The new list, and the place in it of each old instruction. */
export function rewriteIndex(
  old: readonly Instruction[],
  change: LoopChange,
): { readonly list: Instruction[]; readonly places: number[] } {
  const list: Instruction[] = [];
  const places: number[] = [];
  const push = (instruction: Instruction): number => list.push(instruction) - 1;
  const integer = (operator: "add" | "multiply", a: number, b: number): number =>
    push({ kind: "apply", operator, dtype: "int32", operands: [a, b] });
  const constant = (value: number): number => push({ kind: "constant", dtype: "int32", value });
  const position = (axis: number): number => {
    const terms = change.axis(axis).map(([along, factor]) => {
      const index = push({ kind: "index", axis: along });
      return factor === 1 ? index : integer("multiply", index, constant(factor));
    });
    const shift = change.shift?.(axis) ?? 0;
    if (shift !== 0) terms.push(constant(shift));
    return terms.reduce((sum, term) => integer("add", sum, term));
  };
  for (const instruction of old) {
    if (instruction.kind === "index") places.push(position(instruction.axis));
    else if (instruction.kind === "apply")
      places.push(push({ ...instruction, operands: instruction.operands.map((operand) => places[operand]) }));
    else if (instruction.kind === "load") {
      const { access, guard } = instruction;
      places.push(
        push({
          ...instruction,
          access:
            access.kind === "computed"
              ? { kind: "computed", index: places[access.index] }
              : {
                  kind: "affine",
                  offset: access.offset + (change.offset?.(access.strides) ?? 0),
                  strides: change.strides(access.strides),
                },
          ...(guard !== undefined && { guard: places[guard] }),
        }),
      );
    } else places.push(push(instruction));
  }
  return { list, places };
}
