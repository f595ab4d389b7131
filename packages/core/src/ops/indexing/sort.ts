/** Sorting, as a routine on the host unless a backend claims it. */
import type { Signature } from "../../backend/backend.ts";
import { ShapeError } from "../../errors.ts";
import { decodeNumbers, hostZeros } from "../../host-array.ts";
import { apply, defineOp, type OpDefinition } from "../../op.ts";
import { formatShape, normalizeAxis } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { transpose } from "../movement/permute.ts";
import { narrow } from "../movement/slice.ts";
import { gather } from "./gather.ts";

interface ArgsortAttributes {
  readonly descending: boolean;
}

/** Positions that sort the last axis; equal elements keep their order, NaN counts as the largest. */
export const argsortOp: OpDefinition<ArgsortAttributes> = /* @__PURE__ */ defineOp({
  name: "argsort",
  infer: ([x]): Signature => ({ shape: x.shape, dtype: "int32" }),
  routine:
    ({ descending }) =>
    ([input]) => {
      const values = decodeNumbers(input.data, input.dtype);
      const result = hostZeros(input.shape, "int32");
      const length = input.shape[input.shape.length - 1];
      const sign = descending ? -1 : 1;
      for (let start = 0; start < values.length; start += length) {
        const row = values.subarray(start, start + length);
        const order = Int32Array.from({ length }, (_, i) => i);
        order.sort((a, b) => sign * compare(row[a], row[b]) || a - b);
        result.data.set(order, start);
      }
      return result;
    },
  gradient: () => [null],
});

function compare(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

export interface SortOptions {
  /** The last by default. */
  readonly axis?: number;
  readonly descending?: boolean;
}

/** The positions (int32) along an axis that put `x` in order; equal elements keep their order. */
export function argsort(x: Tensor, { axis = -1, descending = false }: SortOptions = {}): Tensor {
  const at = normalizeAxis("argsort", axis, x.rank);
  return withAxisLast(apply(argsortOp, [withAxisLast(x, at)], { descending }), at);
}

/** `x` in order along an axis. */
export function sort(x: Tensor, options: SortOptions = {}): Tensor {
  const axis = normalizeAxis("sort", options.axis ?? -1, x.rank);
  return gather(x, argsort(x, { ...options, axis }), axis);
}

/** The `k` largest elements along an axis in descending order, and their positions (int32); `largest: false` gives the smallest. */
export function topK(
  x: Tensor,
  k: number,
  { axis = -1, largest = true }: { readonly axis?: number; readonly largest?: boolean } = {},
): { readonly values: Tensor; readonly indices: Tensor } {
  const at = normalizeAxis("topK", axis, x.rank);
  if (!Number.isInteger(k) || k < 0 || k > x.shape[at]) {
    throw new ShapeError(
      `topK: k is ${k}, but axis ${at} of ${formatShape(x.shape)} has ${x.shape[at]} elements; give 0 to ${x.shape[at]}.`,
    );
  }
  const indices = narrow(argsort(x, { axis: at, descending: largest }), at, 0, k);
  return { values: gather(x, indices, at), indices };
}

/** Exchanges an axis with the last. */
function withAxisLast(x: Tensor, axis: number): Tensor {
  return axis === x.rank - 1 ? x : transpose(x, axis, -1);
}
