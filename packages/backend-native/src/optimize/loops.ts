/** Changes to the loops of a nest that leave what it computes as it is: splitting, reordering and joining them. */
import type { Instruction, LoopNest } from "@sconce/core";

/** All loops of a nest: those of the output, then those of the reduction. */
export function extentsOf(nest: LoopNest): readonly number[] {
  return [...nest.shape, ...(nest.reduce?.extent ?? [])];
}

/** Splits loop `loop` into an outer and an inner one, the inner one with `inner` turns, which must divide its extent. */
export function splitLoop(nest: LoopNest, loop: number, inner: number): LoopNest {
  const ofOutput = loop < nest.shape.length;
  const split = (extents: readonly number[], at: number): number[] => [
    ...extents.slice(0, at),
    extents[at] / inner,
    inner,
    ...extents.slice(at + 1),
  ];
  const strides = (list: readonly number[]): number[] =>
    list.length > loop ? [...list.slice(0, loop), list[loop] * inner, list[loop], ...list.slice(loop + 1)] : [...list];
  const rewrite = (list: readonly Instruction[]): Instruction[] => {
    const result: Instruction[] = [];
    const places: number[] = [];
    const add = (instruction: Instruction): number => result.push(instruction) - 1;
    for (const instruction of list) {
      const moved = renumber(instruction, places);
      if (moved.kind === "index" && moved.axis === loop) {
        const outer = add({ kind: "index", axis: loop });
        const extent = add({ kind: "constant", dtype: "int32", value: inner });
        const scaled = add({ kind: "apply", operator: "multiply", dtype: "int32", operands: [outer, extent] });
        const within = add({ kind: "index", axis: loop + 1 });
        places.push(add({ kind: "apply", operator: "add", dtype: "int32", operands: [scaled, within] }));
      } else if (moved.kind === "index" && moved.axis > loop) places.push(add({ ...moved, axis: moved.axis + 1 }));
      else if (moved.kind === "load" && moved.access.kind === "affine")
        places.push(add({ ...moved, access: { ...moved.access, strides: strides(moved.access.strides) } }));
      else places.push(add(moved));
    }
    moved.set(list, places);
    return result;
  };
  const moved = new Map<readonly Instruction[], readonly number[]>();
  const body = rewrite(nest.body);
  const epilogue = rewrite(nest.epilogue);
  const inBody = moved.get(nest.body) as readonly number[];
  const last = nest.reduce ? (moved.get(nest.epilogue) as readonly number[]) : inBody;
  return {
    ...nest,
    shape: ofOutput ? split(nest.shape, loop) : nest.shape,
    ...(nest.reduce && {
      reduce: {
        extent: ofOutput ? nest.reduce.extent : split(nest.reduce.extent, loop - nest.shape.length),
        accumulators: nest.reduce.accumulators.map((each) => ({ ...each, value: inBody[each.value] })),
      },
    }),
    body,
    epilogue,
    stores: nest.stores.map((store) => ({ ...store, value: last[store.value] })),
  };
}

/** The nest with its loops in another order: `order[i]` is the old number of the new loop i. Kinds of loops must not mix. */
export function reorderLoops(nest: LoopNest, order: readonly number[]): LoopNest {
  const rank = nest.shape.length;
  const extents = extentsOf(nest);
  const rewrite = (list: readonly Instruction[], loops: readonly number[]): Instruction[] =>
    list.map((instruction) => {
      if (instruction.kind === "index") return { ...instruction, axis: order.indexOf(instruction.axis) };
      if (instruction.kind !== "load" || instruction.access.kind !== "affine") return instruction;
      const { access } = instruction;
      return { ...instruction, access: { ...access, strides: loops.map((loop) => access.strides[loop]) } };
    });
  const outer = order.slice(0, rank);
  return {
    ...nest,
    shape: outer.map((loop) => extents[loop]),
    ...(nest.reduce && { reduce: { ...nest.reduce, extent: order.slice(rank).map((loop) => extents[loop]) } }),
    body: rewrite(nest.body, order),
    epilogue: rewrite(nest.epilogue, outer),
  };
}

/** Joins neighbouring loops of a kind wherever every access allows it; loops of one turn vanish. */
export function joinLoops(nest: LoopNest): LoopNest {
  const extents = extentsOf(nest);
  const rank = nest.shape.length;
  const lists = [nest.body, nest.epilogue];
  const indexed = new Set(lists.flat().flatMap((each) => (each.kind === "index" ? [each.axis] : [])));
  const accesses = lists.flatMap((list) =>
    list.flatMap((each) => (each.kind === "load" && each.access.kind === "affine" ? [each.access.strides] : [])),
  );
  const kept: number[] = [];
  const joined: number[] = [];
  extents.forEach((extent, loop) => {
    const previous = kept[kept.length - 1];
    const sameKind = kept.length > 0 && previous < rank === loop < rank;
    const joins =
      sameKind &&
      !indexed.has(loop) &&
      !indexed.has(previous) &&
      accesses.every((strides) => loop >= strides.length || strides[previous] === strides[loop] * extent);
    if (joins) {
      kept[kept.length - 1] = loop;
      joined[joined.length - 1] *= extent;
    } else if (extent !== 1 || indexed.has(loop)) {
      kept.push(loop);
      joined.push(extent);
    }
  });
  const outputs = kept.filter((loop) => loop < rank).length;
  const rewrite = (list: readonly Instruction[]): Instruction[] =>
    list.map((instruction) => {
      if (instruction.kind === "index") return { ...instruction, axis: kept.indexOf(instruction.axis) };
      if (instruction.kind !== "load" || instruction.access.kind !== "affine") return instruction;
      const { access } = instruction;
      const strides = kept.filter((loop) => loop < access.strides.length).map((loop) => access.strides[loop]);
      return { ...instruction, access: { ...access, strides } };
    });
  return {
    ...nest,
    shape: joined.slice(0, outputs),
    ...(nest.reduce && { reduce: { ...nest.reduce, extent: joined.slice(outputs) } }),
    body: rewrite(nest.body),
    epilogue: rewrite(nest.epilogue),
  };
}

/** The instruction with its operands at their new places. */
export function renumber(instruction: Instruction, places: readonly number[]): Instruction {
  if (instruction.kind === "apply") {
    return { ...instruction, operands: instruction.operands.map((operand) => places[operand]) };
  }
  if (instruction.kind !== "load") return instruction;
  const { access, guard } = instruction;
  return {
    ...instruction,
    ...(access.kind === "computed" && { access: { ...access, index: places[access.index] } }),
    ...(guard !== undefined && { guard: places[guard] }),
  };
}
