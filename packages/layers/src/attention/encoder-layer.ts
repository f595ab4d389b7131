/** A layer of the transformer's encoder (Vaswani et al. 2017): self-attention, then a network at each position. */
import { add, type Tensor } from "@sconce/core";
import { Dropout } from "../dropout.ts";
import { Linear } from "../linear.ts";
import { Module } from "../module.ts";
import { LayerNorm } from "../normalization/layer-norm.ts";
import { activationOf, type TransformerLayerOptions } from "./feed-forward.ts";
import { MultiheadAttention } from "./multihead.ts";

export interface EncoderForwardOptions {
  /** [L, L] or [N heads, L, L]: bool, true where a position may not look at another; or float, added to the scores. */
  readonly mask?: Tensor;
  /** bool [N, L], true for padding; or float, added to the scores. */
  readonly keyPaddingMask?: Tensor;
  /** Whether position l may look at positions 0 to l only. */
  readonly causal?: boolean;
}

/** x: [L, N, width], same result shape: x = norm(x + attention(x)), x = norm(x + W_2 f(W_1 x + b_1) + b_2). */
export class TransformerEncoderLayer extends Module {
  readonly selfAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly dropout: Dropout;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly normFirst: boolean;
  readonly #activation: (x: Tensor) => Tensor;

  constructor(width: number, heads: number, options: TransformerLayerOptions = {}) {
    super();
    const { feedforward = 2048, dropout = 0.1, epsilon = 1e-5, batchFirst = false, bias = true } = options;
    this.selfAttn = new MultiheadAttention(width, heads, { dropout, batchFirst, bias });
    this.linear1 = new Linear(width, feedforward, { bias });
    this.linear2 = new Linear(feedforward, width, { bias });
    this.norm1 = new LayerNorm(width, { epsilon, bias });
    this.norm2 = new LayerNorm(width, { epsilon, bias });
    this.dropout = new Dropout(dropout);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.normFirst = options.normFirst ?? false;
    this.#activation = activationOf(options.activation);
  }

  override forward(x: Tensor, { mask, ...options }: EncoderForwardOptions = {}): Tensor {
    const attention = (y: Tensor): Tensor =>
      this.dropout1.forward(this.selfAttn.forward(y, y, y, { ...options, attentionMask: mask }).output);
    const network = (y: Tensor): Tensor =>
      this.dropout2.forward(this.linear2.forward(this.dropout.forward(this.#activation(this.linear1.forward(y)))));
    return residual(residual(x, attention, this.norm1, this.normFirst), network, this.norm2, this.normFirst);
  }
}

/** norm(x + part(x)), or x + part(norm(x)). */
export function residual(x: Tensor, part: (x: Tensor) => Tensor, norm: LayerNorm, normFirst: boolean): Tensor {
  return normFirst ? add(x, part(norm.forward(x))) : norm.forward(add(x, part(x)));
}
