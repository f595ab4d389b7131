/** Which part of the work a unit is: its number taken apart into positions along several axes. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { type I32, i32 } from "../assembler/values.ts";

/** The position along each of `extents`, the last one fastest, of a running number. */
export function positions(f: FunctionBuilder, number: I32, extents: readonly number[]): I32[] {
  let rest = number;
  return extents
    .map((extent, axis) => ({ extent, outermost: extents.slice(0, axis).every((outer) => outer === 1) }))
    .reverse()
    .map(({ extent, outermost }) => {
      if (extent === 1) return i32.const(0);
      if (outermost) return rest;
      const position = f.bind(i32.rem_u(rest, extent));
      rest = f.bind(i32.div_u(rest, extent));
      return position;
    })
    .reverse();
}
