/**
 * Transpositions walk one array against its grain. Cutting the vector loop into strips, outside the loop that its loads
 * are contiguous along, keeps the cache lines of a strip in the cache until all of their elements have been used.
 */
import type { LoopNest } from "@sconce/core";
import { rewriteIndex } from "./rewrite.ts";
import { scheduleNest } from "./schedule.ts";

/** Turns of a strip: two cache lines of float32 are stored at a time. */
const strip = 32;

/** The nest with its vector loop in strips, if it transposes and the extent allows. */
export function withTiles(nest: LoopNest): LoopNest {
  const { order, extents, vector, tile } = scheduleNest(nest);
  if (tile < 0 || extents[vector] % strip !== 0 || extents[vector] < 4 * strip) return nest;
  const loop = order[vector];
  const change = {
    strides: (strides: readonly number[]): number[] =>
      strides.flatMap((stride, i) => (i === loop ? [stride * strip, stride] : [stride])),
    axis: (axis: number): readonly (readonly [number, number])[] =>
      axis === loop
        ? [
            [loop, strip],
            [loop + 1, 1],
          ]
        : [[axis > loop ? axis + 1 : axis, 1]],
  };
  const [body, epilogue] = [rewriteIndex(nest.body, change), rewriteIndex(nest.epilogue, change)];
  const { reduce } = nest;
  return {
    ...nest,
    shape: nest.shape.flatMap((extent, i) => (i === loop ? [extent / strip, strip] : [extent])),
    ...(reduce && {
      reduce: {
        ...reduce,
        accumulators: reduce.accumulators.map((item) => ({ ...item, value: body.places[item.value] })),
      },
    }),
    body: body.list,
    epilogue: epilogue.list,
    stores: nest.stores.map((store) => ({ ...store, value: (reduce ? epilogue : body).places[store.value] })),
  };
}
