/** The totals of a reduction, in one variable for each accumulator and vector. */
import { type Accumulator, neutralElement } from "@sconce/core";
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { laneMask } from "../kernels/vectors.ts";
import { constantLanes, type LaneContext, maskFor } from "./lanes.ts";
import { applyOperator } from "./operators.ts";

const operators = { sum: "add", product: "multiply", max: "maximum", min: "minimum" } as const;

function neutralLanes(f: FunctionBuilder, { combine, dtype }: Accumulator): V128 {
  return constantLanes(f, dtype, neutralElement(combine, dtype));
}

/** Totals of nothing. */
export function startTotals(f: FunctionBuilder, accumulators: readonly Accumulator[]): Local<"v128">[] {
  return accumulators.map((accumulator) => f.local("v128", neutralLanes(f, accumulator)));
}

/** Combines `value` into a total. */
export function addTo(context: LaneContext, total: Local<"v128">, { combine, dtype }: Accumulator, value: V128): void {
  context.f.set(total, applyOperator(context, operators[combine], dtype, dtype, [{ lanes: total }, { lanes: value }]));
}

/** `value` with the neutral element in the lanes that do not matter. */
export function onlyCounted({ f, count }: LaneContext, accumulator: Accumulator, value: V128): V128 {
  return v128.bitselect(value, neutralLanes(f, accumulator), maskFor(accumulator.dtype, laneMask(f, count)));
}

/** Makes every lane of a total the total of all lanes. */
export function addAcross(context: LaneContext, total: Local<"v128">, accumulator: Accumulator, wide: boolean): void {
  const swaps =
    accumulator.dtype === "float64"
      ? [[2, 3, 0, 1]]
      : wide
        ? [[1, 0, 1, 0]]
        : [
            [2, 3, 0, 1],
            [1, 0, 3, 2],
          ];
  for (const order of swaps) addTo(context, total, accumulator, shuffle32(total, total, order));
}
