/** Additive attention (Bahdanau et al. 2015): the score of a key is v . tanh(W q + U k). */
import { add, matmul, type Param, reshape, type Tensor, tanh, unsqueeze } from "@sconce/core";
import { checkCount } from "../check.ts";
import { defaultWeight, type Initializer } from "../initializers.ts";
import { Module } from "../module.ts";
import { type Attended, type AttendOptions, attend } from "./attend.ts";
import { checkWidths } from "./check-widths.ts";

/** query: [..., L, queries], key: [..., S, keys], value: [..., S, V] (the key unless given) to an output [..., L, V]. */
export class AdditiveAttention extends Module {
  /** [hidden, queries]. */
  readonly queryWeight: Param;
  /** [hidden, keys]. */
  readonly keyWeight: Param;
  /** [1, hidden]. */
  readonly scoreWeight: Param;

  /** The widths of queries, of keys and of the layer that compares them. */
  constructor(
    queries: number,
    keys: number,
    hidden: number,
    options: { readonly weightInitializer?: Initializer } = {},
  ) {
    super();
    const initial = options.weightInitializer ?? defaultWeight;
    checkCount("AdditiveAttention", "hidden", hidden);
    this.queryWeight = this.newParam([hidden, checkCount("AdditiveAttention", "queries", queries)], initial);
    this.keyWeight = this.newParam([hidden, checkCount("AdditiveAttention", "keys", keys)], initial);
    this.scoreWeight = this.newParam([1, hidden], initial);
  }

  override forward(query: Tensor, key: Tensor, value: Tensor = key, options: AttendOptions = {}): Attended {
    checkWidths("AdditiveAttention", query, key, value, [this.queryWeight.shape[1], this.keyWeight.shape[1]]);
    const q = matmul(query, this.queryWeight.value, { transposeB: true });
    const k = matmul(key, this.keyWeight.value, { transposeB: true });
    const compared = tanh(add(unsqueeze(q, -2), unsqueeze(k, -3)));
    const scores = matmul(compared, this.scoreWeight.value, { transposeB: true });
    return attend(reshape(scores, scores.shape.slice(0, -1)), value, options);
  }
}
