/** General (bilinear, multiplicative) attention (Luong et al. 2015): the score of a key is q^T W k. */
import { matmul, type Param, type Tensor } from "@sconce/core";
import { checkCount } from "../check.ts";
import { defaultWeight, type Initializer } from "../initializers.ts";
import { Module } from "../module.ts";
import { type Attended, type AttendOptions, attend } from "./attend.ts";
import { checkWidths } from "./check-widths.ts";

/** query: [..., L, queries], key: [..., S, keys], value: [..., S, V] (the key unless given) to an output [..., L, V]. */
export class GeneralAttention extends Module {
  /** [queries, keys]. */
  readonly weight: Param;

  /** The widths of queries and keys. */
  constructor(queries: number, keys: number, options: { readonly weightInitializer?: Initializer } = {}) {
    super();
    const shape = [checkCount("GeneralAttention", "queries", queries), checkCount("GeneralAttention", "keys", keys)];
    this.weight = this.newParam(shape, options.weightInitializer ?? defaultWeight);
  }

  override forward(query: Tensor, key: Tensor, value: Tensor = key, options: AttendOptions = {}): Attended {
    checkWidths("GeneralAttention", query, key, value, this.weight.shape);
    return attend(matmul(matmul(query, this.weight.value), key, { transposeB: true }), value, options);
  }
}
