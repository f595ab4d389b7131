/**
 * A long reduction as two nests: totals of pieces, then the total of the pieces and the epilogue.
 *
 * It spreads a reduction with few results over threads, and lets a reduction over rows read memory in order: 16 rows are
 * added at a time. Pieces depend on shapes alone, so results do not depend on threads; short totals also round better.
 */
import { type DType, type Instruction, type LoopNest, sizeOf } from "@sconce/core";
import { roundUp } from "../kernels/round-up.ts";
import { rewriteIndex } from "./rewrite.ts";
import { type Schedule, unitWork, workOf } from "./schedule.ts";

interface SplitReduction {
  /** Nests that store their accumulators, each from a piece on. */
  readonly pieces: readonly { readonly nest: LoopNest; readonly first: number }[];
  /** Dtypes of the accumulators as they are kept between the nests. */
  readonly totals: readonly DType[];
  readonly count: number;
  /** Reads the totals as further inputs, each [pieces, ...shape]. */
  readonly combine: LoopNest;
}

/** Rows added at a time where the vectors lie across the reduction. */
const rows = 16;

export function splitReduction(nest: LoopNest, schedule: Schedule): SplitReduction | undefined {
  const { shape, reduce } = nest;
  if (!reduce) return undefined;
  const { extent } = reduce;
  const work = workOf(nest) * sizeOf(shape);
  const wanted = Math.ceil(work / unitWork);
  const turns = Math.max(0, ...extent);
  const across = schedule.vector < schedule.outputs;
  const few = schedule.units < Math.min(8, wanted / 2);
  if (wanted < 4 || turns < 2 * rows || (!across && !few)) return undefined;
  const loop = !across && extent[0] >= 8 ? 0 : extent.indexOf(turns);
  const chunk = across ? rows : piece(extent[loop], wanted);
  const whole = Math.floor(extent[loop] / chunk);
  const left = extent[loop] % chunk;
  const count = left > 0 ? whole + 1 : whole;
  if (whole === 0 || count === 1) return undefined;
  const totals = reduce.accumulators.map(({ dtype }): DType => (dtype === "float16" ? "float32" : dtype));
  const part = (first: number, count: number, turns: number) => ({
    nest: pieces(nest, loop, first * chunk, count, turns),
    first,
  });
  return {
    pieces: [part(0, whole, chunk), ...(left > 0 ? [part(whole, 1, left)] : [])],
    totals,
    count,
    combine: combination(nest, totals, count),
  };
}

/** Turns per piece: whole cache lines where there are many. */
function piece(extent: number, wanted: number): number {
  const turns = Math.ceil(extent / wanted);
  return turns > 64 ? roundUp(turns, 64) : turns;
}

/** Accumulators over `turns` turns of one reduction loop, for `count` pieces side by side: [count, ...shape]. */
function pieces(nest: LoopNest, reduceLoop: number, start: number, count: number, turns: number): LoopNest {
  const { shape, reduce } = nest;
  const accumulators = reduce?.accumulators ?? [];
  const extent = [...(reduce?.extent ?? [])];
  extent[reduceLoop] = turns;
  const loop = shape.length + reduceLoop;
  const body = rewriteIndex(nest.body, {
    strides: (strides) => [strides[loop] * turns, ...strides],
    offset: (strides) => strides[loop] * start,
    axis: (axis) =>
      axis === loop
        ? [
            [0, turns],
            [axis + 1, 1],
          ]
        : [[axis + 1, 1]],
    shift: (axis) => (axis === loop ? start : 0),
  });
  return {
    shape: [count, ...shape],
    reduce: { extent, accumulators: accumulators.map((item) => ({ ...item, value: body.places[item.value] })) },
    inputs: nest.inputs,
    body: body.list,
    epilogue: accumulators.map((_, index): Instruction => ({ kind: "accumulator", index })),
    stores: accumulators.map(({ dtype }, value) => ({ value, dtype: dtype === "float16" ? "float32" : dtype })),
  };
}

function combination(nest: LoopNest, totals: readonly DType[], count: number): LoopNest {
  const { shape, reduce } = nest;
  const strides = [...shape.map((_, loop) => sizeOf(shape.slice(loop + 1))), sizeOf(shape)];
  return {
    ...nest,
    reduce: {
      extent: [count],
      accumulators: (reduce?.accumulators ?? []).map(({ combine }, value) => ({
        value,
        combine,
        dtype: totals[value],
      })),
    },
    inputs: [...nest.inputs, ...totals],
    body: totals.map(
      (dtype, i): Instruction => ({
        kind: "load",
        input: nest.inputs.length + i,
        dtype,
        access: { kind: "affine", offset: 0, strides },
      }),
    ),
  };
}
