/** Packs a unit's panels of one operand, for one block of the depth. */

import { type I32, i32 } from "../assembler/values.ts";
import type { Frame } from "../kernels/kernel.ts";
import { packFunction } from "../kernels/pack-panels.ts";
import type { EachPanel, Panel } from "./unit-panels.ts";

/** Steps packed at a time from lines that lie side by side: few enough for the cache to keep what panels share. */
const sectionDepth = 8;

/** An operand as a set of lines: rows of a, columns of b; strides in bytes. */
export interface Operand {
  readonly lineStride: number;
  readonly depthStride: number;
  /** Lines in a packed panel of so many. */
  readonly width: (lines: number) => number;
  /** Where a packed panel lies. */
  readonly packed: (panel: Panel) => I32;
}

/** Packs `depth` steps, `deepest` at most, from the address `source` on. */
export function packOperand(
  { module, f }: Frame,
  { lineStride, depthStride, width, packed }: Operand,
  source: I32,
  depth: I32,
  deepest: number,
  eachPanel: EachPanel,
): void {
  const section = lineStride === 4 ? Math.min(sectionDepth, deepest) : deepest;
  f.range(0, depth, section, (step) => {
    const steps = section === deepest ? depth : f.least(i32.sub(depth, step), section);
    const from = f.bind(i32.add(source, i32.mul(step, depthStride)));
    eachPanel((panel) => {
      const shape = { width: width(panel.lines), lines: panel.lines, lineStride, depthStride };
      f.callVoid(
        packFunction(module, shape),
        i32.add(from, i32.mul(panel.line, lineStride)),
        i32.add(packed(panel), i32.mul(step, 4 * shape.width)),
        steps,
      );
    });
  });
}
