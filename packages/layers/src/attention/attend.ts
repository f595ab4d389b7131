/**
 * From scores to weights and a weighted mean: what every kind of attention ends with.
 *
 * weights = softmax(scores) over the keys that may be looked at, output = weights V. A query that may look at no key gets
 * zeros, not NaN.
 */
import {
  add,
  broadcastShapes,
  cast,
  formatShape,
  greaterEqual,
  iota,
  logicalAnd,
  matmul,
  ShapeError,
  sameShape,
  softmax,
  type Tensor,
  where,
} from "@sconce/core";
import type { Dropout } from "../dropout.ts";

export interface AttendOptions {
  /** Broadcasts to the scores [..., L, S]: bool, true where a query may look at a key; or float, added to the scores. */
  readonly mask?: Tensor;
  /** Whether query l may look at keys 0 to l only. */
  readonly causal?: boolean;
  /** Drops weights in training. */
  readonly dropout?: Dropout;
}

/** What attention gives. */
export interface Attended {
  /** [..., L, width of the values]. */
  readonly output: Tensor;
  /** How much each query takes of each value, [..., L, S]; not computed unless it is read. */
  readonly weights: Tensor;
}

/** scores: [..., L, S] and values [..., S, width] to an output [..., L, width] and the weights [..., L, S]. */
export function attend(scores: Tensor, values: Tensor, options: AttendOptions = {}): Attended {
  const { mask, causal = false, dropout } = options;
  if (mask && !sameShape(broadcastShapes("attend", scores.shape, mask.shape), scores.shape)) {
    throw new ShapeError(
      `attend: the mask has shape ${formatShape(mask.shape)}; it must broadcast to the scores ${formatShape(scores.shape)}, [..., queries, keys].`,
    );
  }
  const biased = mask && mask.dtype !== "bool" ? add(scores, cast(mask, scores.dtype)) : scores;
  const weights = maskedSoftmax(biased, allowedKeys(scores, mask, causal));
  return { output: matmul(dropout ? dropout.forward(weights) : weights, values), weights };
}

/** Softmax over the last axis of the scores that are allowed; 0 for the others, and in rows without any. */
function maskedSoftmax(scores: Tensor, allowed: Tensor | undefined): Tensor {
  if (!allowed) return softmax(scores);
  return where(allowed, softmax(where(allowed, scores, lowest(scores))), 0);
}

/** bool, true where a query may look at a key; undefined where each may look at all. */
function allowedKeys(scores: Tensor, mask: Tensor | undefined, causal: boolean): Tensor | undefined {
  const allowed = mask && (mask.dtype === "bool" ? mask : greaterEqual(mask, lowest(mask)));
  if (!causal) return allowed;
  const extents = scores.shape.slice(-2);
  const past = greaterEqual(iota(extents, 0), iota(extents, 1));
  return allowed ? logicalAnd(allowed, past) : past;
}

/** The lowest finite number of a tensor's dtype. */
function lowest({ dtype }: Tensor): number {
  return dtype === "float16" ? -65504 : -3.4028234663852886e38;
}
