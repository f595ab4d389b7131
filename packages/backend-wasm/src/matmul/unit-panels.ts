/** The panels of rows and columns that belong to one unit of a matrix product. */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { TiledPlan } from "./tiled-plan.ts";

/** Some neighbouring lines (rows or columns) of the result. */
export interface Panel {
  /** Its number within the unit. */
  readonly place: I32;
  /** The first line. */
  readonly line: I32;
  readonly lines: number;
}

/** Emits what is to be done with each panel; panels of equal extent share a loop. */
export type EachPanel = (visit: (panel: Panel) => void) => void;

/** First panels of `size` rows, then panels of one row less. */
export function rowPanels(f: FunctionBuilder, { rows, unitRows }: TiledPlan, block: I32): EachPanel {
  const { count, size, larger } = rows;
  const [from, to] = bounds(f, block, unitRows, count);
  const visitAll = (first: I32, last: I32, lines: number, offset: number, visit: (panel: Panel) => void): void =>
    f.range(first, last, 1, (panel) => {
      const line = f.bind(i32.add(i32.mul(panel, lines), offset));
      visit({ place: i32.sub(panel, from), line, lines });
    });
  return (visit) => {
    visitAll(from, f.least(to, larger), size, 0, visit);
    if (larger < count) visitAll(f.bind(i32.max(from, larger)), to, size - 1, larger, visit);
  };
}

/** Panels as wide as a tile; the last of all may be narrower. */
export function columnPanels(f: FunctionBuilder, plan: TiledPlan, columns: number, block: I32): EachPanel {
  const width = 4 * plan.vectors;
  const whole = Math.floor(columns / width);
  const ragged = columns % width;
  const [from, to] = bounds(f, block, plan.unitColumns, plan.columnPanels);
  return (visit) => {
    f.range(from, f.least(to, whole), 1, (panel) => {
      visit({ place: i32.sub(panel, from), line: i32.mul(panel, width), lines: width });
    });
    if (ragged > 0)
      f.if(i32.eq(to, plan.columnPanels), () => {
        visit({ place: i32.sub(whole, from), line: i32.const(whole * width), lines: ragged });
      });
  };
}

/** The first of a block's panels, and the one to stop before. */
function bounds(f: FunctionBuilder, block: I32, size: number, count: number): readonly [I32, I32] {
  if (size >= count) return [i32.const(0), i32.const(count)];
  const from = f.bind(i32.mul(block, size));
  return [from, f.least(i32.add(from, size), count)];
}
