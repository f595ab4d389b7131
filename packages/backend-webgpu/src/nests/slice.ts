/** A part of a nest: one of its loops over fewer positions, or its inputs seen from a later element on. */
import type { Instruction, LoopNest } from "@sconce/core";

/** The nest with loop number `loop` over `length` positions from `start` on; its stores hold that part only. */
export function sliceNest(nest: LoopNest, loop: number, start: number, length: number): LoopNest {
  const { shape, reduce } = nest;
  const cut = (extents: readonly number[], first: number): number[] =>
    extents.map((extent, axis) => (first + axis === loop ? length : extent));
  const [body, epilogue] = [nest.body, nest.epilogue].map((list) => moved(list, loop, start));
  const last = reduce ? epilogue : body;
  return {
    ...nest,
    shape: cut(shape, 0),
    ...(reduce && {
      reduce: {
        extent: cut(reduce.extent, shape.length),
        accumulators: reduce.accumulators.map((total) => ({ ...total, value: body.places[total.value] })),
      },
    }),
    body: body.list,
    epilogue: epilogue.list,
    stores: nest.stores.map((store) => ({ ...store, value: last.places[store.value] })),
  };
}

/** The nest over inputs that lack their first `skipped[input]` elements. */
export function skipElements(nest: LoopNest, skipped: readonly number[]): LoopNest {
  const change = (instruction: Instruction): Instruction => {
    if (instruction.kind !== "load" || instruction.access.kind !== "affine") return instruction;
    const { access, input } = instruction;
    return { ...instruction, access: { ...access, offset: access.offset - skipped[input] } };
  };
  return { ...nest, body: nest.body.map(change), epilogue: nest.epilogue.map(change) };
}

/** The instructions as if loop `loop` began at `start`, and where each of the old ones is now. */
function moved(
  old: readonly Instruction[],
  loop: number,
  start: number,
): { list: readonly Instruction[]; places: readonly number[] } {
  const list: Instruction[] = [];
  const places: number[] = [];
  for (const instruction of old) {
    if (instruction.kind === "index" && instruction.axis === loop && start > 0) {
      const here = list.push(instruction, { kind: "constant", dtype: "int32", value: start });
      list.push({ kind: "apply", operator: "add", dtype: "int32", operands: [here - 2, here - 1] });
    } else if (instruction.kind === "apply") {
      list.push({ ...instruction, operands: instruction.operands.map((operand) => places[operand]) });
    } else if (instruction.kind === "load") {
      const { access, guard } = instruction;
      list.push({
        ...instruction,
        access:
          access.kind === "computed"
            ? { kind: "computed", index: places[access.index] }
            : { ...access, offset: access.offset + (access.strides[loop] ?? 0) * start },
        ...(guard !== undefined && { guard: places[guard] }),
      });
    } else list.push(instruction);
    places.push(list.length - 1);
  }
  return { list, places };
}
