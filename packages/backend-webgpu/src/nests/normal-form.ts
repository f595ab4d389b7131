/** Equivalent nests that leave less to look after: no reduction over nothing, whose accumulators are constants. */
import { type Instruction, type LoopNest, neutralElement, sizeOf } from "@sconce/core";

export function normalForm(nest: LoopNest): LoopNest {
  const { reduce, ...rest } = nest;
  if (!reduce || sizeOf(reduce.extent) > 0) return nest;
  const body = nest.epilogue.map((instruction): Instruction => {
    if (instruction.kind !== "accumulator") return instruction;
    const { combine, dtype } = reduce.accumulators[instruction.index];
    return { kind: "constant", dtype, value: neutralElement(combine, dtype) };
  });
  return { ...rest, body, epilogue: [] };
}
