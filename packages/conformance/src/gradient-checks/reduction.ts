/** Gradient checks of reductions, scans, sorting and indexing. */
import * as core from "@sconce/core";
import { at, check, type GradientCheck, onceAt } from "../gradients/gradient-check.ts";
import { awayFromZero, distinct, positive, whole } from "../gradients/samplers.ts";

export const reductionChecks: readonly GradientCheck[] = [
  check("sum", (r) => [
    at((x) => core.sum(core.square(x), { axes: [0, 2] }), r.floats([2, 3, 2])),
    at((x) => core.sum(x), r.floats([0])),
  ]),
  check("mean", (r) => [at((x) => core.mean(core.sin(x), { axes: 1, keepAxes: true }), r.floats([2, 3]))]),
  check("product", (r) => [
    at((x) => core.product(x, { axes: 1 }), awayFromZero(r, [2, 3])),
    onceAt((x) => core.product(x), { ...r.floats([3]), data: new Float64Array([0.5, 0, -1.5]) }),
    onceAt((x) => core.product(x), { ...r.floats([3]), data: new Float64Array([0, 2, 0]) }),
  ]),
  check("max", (r) => [
    at((x) => core.max(x, { axes: -1 }), distinct(r, [2, 4])),
    at((x) => core.max(core.square(x)), positive(r, [3])),
  ]),
  check("min", (r) => [at((x) => core.min(x, { axes: 0, keepAxes: true }), distinct(r, [3, 2]))]),
  check("variance", (r) => [
    at((x) => core.variance(x, { axes: 1 }), r.floats([2, 4])),
    at((x) => core.variance(x, { correction: 1 }), r.floats([2, 2])),
  ]),
  check("logSumExp", (r) => [at((x) => core.logSumExp(x, { axes: 1 }), r.floats([2, 3], -3, 3))]),
  check("norm", (r) => [
    at((x) => core.norm(x, { axes: 1 }), r.floats([2, 3])),
    at((x) => core.norm(x, { order: 1 }), awayFromZero(r, [4])),
    at((x) => core.norm(x, { order: 3 }), awayFromZero(r, [4])),
    at((x) => core.norm(x, { order: Number.POSITIVE_INFINITY }), {
      ...r.floats([3]),
      data: new Float64Array([0.5, -2, 1]),
    }),
    at((x) => core.norm(x, { order: Number.NEGATIVE_INFINITY }), {
      ...r.floats([3]),
      data: new Float64Array([0.5, -2, 1]),
    }),
    at((x) => core.norm(x, { order: 0 }), awayFromZero(r, [3])),
  ]),
  check("cumulativeSum", (r) => [
    at((x) => core.cumulativeSum(core.square(x), 1), r.floats([2, 4])),
    at((x) => core.cumulativeSum(x, 0, { reverse: true, exclusive: true }), r.floats([3, 2])),
    at((x) => core.cumulativeSum(x, 0, { exclusive: true }), r.floats([70])),
  ]),
  check("sort", (r) => [
    at((x) => core.sort(core.exp(x), { axis: 0, descending: true }), distinct(r, [4, 2])),
    at((x) => core.sort(x), distinct(r, [2, 3])),
  ]),
  check("topK", (r) => [
    at((x) => core.topK(core.sin(x), 2).values, { ...r.floats([4]), data: new Float64Array([0.1, 1.2, -0.5, 0.6]) }),
    at((x) => core.topK(x, 1, { axis: 0, largest: false }).values, distinct(r, [3, 2])),
  ]),
  check("gather", (r) => [
    at((x, i) => core.gather(core.square(x), i, 1), r.floats([3, 4]), whole(r, [2, 5], 0, 3)),
    at((x, i) => core.gather(x, i, 0), r.floats([4]), whole(r, [6], 0, 3)),
  ]),
  check("scatterAdd", (r) => [
    at(
      (x, u, i) => core.square(core.scatterAdd(x, i, u, 1)),
      r.floats([3, 4]),
      r.floats([2, 3]),
      whole(r, [2, 3], 0, 3),
    ),
    // Positions outside the axis are dropped.
    at((x, u, i) => core.scatterAdd(x, i, u, 0), r.floats([3]), r.floats([5]), whole(r, [5], -1, 3)),
  ]),
  check("indexSelect", (r) => [
    at((x, i) => core.indexSelect(core.sin(x), i, 1), r.floats([2, 4]), whole(r, [3], 0, 3)),
    at((x, i) => core.indexSelect(x, i), r.floats([3, 2]), whole(r, [2, 2], 0, 2)),
  ]),
  check("embedding", (r) => [
    at((w, t) => core.square(core.embedding(w, t)), r.floats([4, 3]), whole(r, [2, 3], 0, 3)),
  ]),
];
