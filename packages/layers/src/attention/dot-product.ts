/** Attention by inner products: the score of a key is q . k (Luong et al. 2015), scaled by 1 / sqrt(width) (Vaswani et al. 2017). */
import { formatShape, matmul, multiply, ShapeError, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";
import { type Attended, type AttendOptions, attend } from "./attend.ts";

export interface DotProductOptions extends AttendOptions {
  /** What scores are multiplied with: 1 / sqrt(width) by default, as in PyTorch. */
  readonly scale?: number;
}

/**
 * softmax(scale Q K^T + mask) V as in PyTorch; query: [..., L, width], key: [..., S, width], value: [..., S, V] to
 * [..., L, V].
 */
export function scaledDotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: DotProductOptions = {},
): Tensor {
  return dotProductAttention(query, key, value, options).output;
}

/** `scaledDotProductAttention` with its weights. */
export function dotProductAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { scale, ...options }: DotProductOptions = {},
): Attended {
  const width = query.shape[query.rank - 1];
  if (query.rank < 2 || key.rank < 2 || key.shape[key.rank - 1] !== width || value.shape.at(-2) !== key.shape.at(-2)) {
    throw new ShapeError(
      `dotProductAttention: query ${formatShape(query.shape)}, key ${formatShape(key.shape)} and value ${formatShape(value.shape)} do not fit; ` +
        "they must be [..., L, width], [..., S, width] and [..., S, V]. GeneralAttention takes keys of another width.",
    );
  }
  // The queries are fewer numbers than the scores.
  const scaled = multiply(query, scale ?? 1 / Math.sqrt(width));
  return attend(matmul(scaled, key, { transposeB: true }), value, options);
}

/** Attention without parameters. query: [..., L, width], key: [..., S, width], value: [..., S, V] (the key unless given). */
export class DotProductAttention extends Module {
  readonly scaled: boolean;

  /** `scaled` divides scores by sqrt(width) (Vaswani et al. 2017); without it they are those of Luong et al. 2015. */
  constructor(options: { readonly scaled?: boolean } = {}) {
    super();
    this.scaled = options.scaled ?? true;
  }

  override forward(query: Tensor, key: Tensor, value: Tensor = key, options: AttendOptions = {}): Attended {
    return dotProductAttention(query, key, value, this.scaled ? options : { ...options, scale: 1 });
  }
}
