/**
 * Equivalent nests that leave less to look after: no loops of a single turn, and no reduction over nothing, whose
 * accumulators are constants.
 */
import { type Instruction, type LoopNest, neutralElement, sizeOf } from "@sconce/core";

export function normalForm(nest: LoopNest): LoopNest {
  return withoutSingleLoops(nest.reduce && sizeOf(nest.reduce.extent) === 0 ? withoutReduction(nest) : nest);
}

function withoutReduction({ reduce, ...nest }: LoopNest): LoopNest {
  const body = nest.epilogue.map((instruction): Instruction => {
    if (instruction.kind !== "accumulator" || !reduce) return instruction;
    const { combine, dtype } = reduce.accumulators[instruction.index];
    return { kind: "constant", dtype, value: neutralElement(combine, dtype) };
  });
  return { ...nest, body, epilogue: [] };
}

function withoutSingleLoops(nest: LoopNest): LoopNest {
  const extents = [...nest.shape, ...(nest.reduce?.extent ?? [])];
  const stays = (_: unknown, loop: number): boolean => extents[loop] !== 1;
  const numbers = extents.map((_, loop) => extents.slice(0, loop).filter(stays).length);
  const changed = (instruction: Instruction): Instruction => {
    if (instruction.kind === "index") {
      return extents[instruction.axis] === 1
        ? { kind: "constant", dtype: "int32", value: 0 }
        : { kind: "index", axis: numbers[instruction.axis] };
    }
    if (instruction.kind !== "load" || instruction.access.kind === "computed") return instruction;
    const { offset, strides } = instruction.access;
    return { ...instruction, access: { kind: "affine", offset, strides: strides.filter(stays) } };
  };
  const { shape, reduce } = nest;
  return {
    ...nest,
    shape: shape.filter(stays),
    ...(reduce && { reduce: { ...reduce, extent: reduce.extent.filter((extent) => extent !== 1) } }),
    body: nest.body.map(changed),
    epilogue: nest.epilogue.map(changed),
  };
}
