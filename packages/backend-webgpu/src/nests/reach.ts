/** Which elements of its inputs a nest may read, as far as that is known before it runs. */
import type { LoopNest } from "@sconce/core";
import { extentsOf } from "./nest-code.ts";

/** The first and last element that is read; nothing for an input that nothing reads. */
export interface Reach {
  readonly first: number;
  readonly last: number;
  /** Positions are computed: the read may be anywhere. */
  readonly everywhere: boolean;
}

/** For each input; guarded reads may lie beyond its ends. */
export function reachOf(nest: LoopNest): readonly (Reach | undefined)[] {
  const extents = extentsOf(nest);
  const found: (Reach | undefined)[] = nest.inputs.map(() => undefined);
  for (const instruction of [...nest.body, ...nest.epilogue]) {
    if (instruction.kind !== "load") continue;
    const { access, input } = instruction;
    const known = found[input];
    if (access.kind === "computed") {
      found[input] = { first: 0, last: 0, ...known, everywhere: true };
      continue;
    }
    let [first, last] = [access.offset, access.offset];
    access.strides.forEach((stride, loop) => {
      const way = stride * (extents[loop] - 1);
      if (way < 0) first += way;
      else last += way;
    });
    found[input] = {
      first: Math.min(first, known?.first ?? first),
      last: Math.max(last, known?.last ?? last),
      everywhere: known?.everywhere ?? false,
    };
  }
  return found;
}
