/** A layer of the transformer's decoder (Vaswani et al. 2017): self-attention, attention to the encoder's output, and a network at each position. */
import type { Tensor } from "@sconce/core";
import { Dropout } from "../dropout.ts";
import { Linear } from "../linear.ts";
import { Module } from "../module.ts";
import { LayerNorm } from "../normalization/layer-norm.ts";
import { type EncoderForwardOptions, residual } from "./encoder-layer.ts";
import { activationOf, type TransformerLayerOptions } from "./feed-forward.ts";
import { MultiheadAttention } from "./multihead.ts";

export interface DecoderForwardOptions extends EncoderForwardOptions {
  /** [L, S] or [N heads, L, S]: as `mask`, for the memory. */
  readonly memoryMask?: Tensor;
  /** [N, S]: as `keyPaddingMask`, for the memory. */
  readonly memoryKeyPaddingMask?: Tensor;
}

/** x: [L, N, width] and memory [S, N, width] to the shape of x: each part is followed by norm(x + part(x)). */
export class TransformerDecoderLayer extends Module {
  readonly selfAttn: MultiheadAttention;
  readonly multiheadAttn: MultiheadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout: Dropout;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  readonly normFirst: boolean;
  readonly #activation: (x: Tensor) => Tensor;

  constructor(width: number, heads: number, options: TransformerLayerOptions = {}) {
    super();
    const { feedforward = 2048, dropout = 0.1, epsilon = 1e-5, batchFirst = false, bias = true } = options;
    this.selfAttn = new MultiheadAttention(width, heads, { dropout, batchFirst, bias });
    this.multiheadAttn = new MultiheadAttention(width, heads, { dropout, batchFirst, bias });
    this.linear1 = new Linear(width, feedforward, { bias });
    this.linear2 = new Linear(feedforward, width, { bias });
    this.norm1 = new LayerNorm(width, { epsilon, bias });
    this.norm2 = new LayerNorm(width, { epsilon, bias });
    this.norm3 = new LayerNorm(width, { epsilon, bias });
    this.dropout = new Dropout(dropout);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.normFirst = options.normFirst ?? false;
    this.#activation = activationOf(options.activation);
  }

  override forward(x: Tensor, memory: Tensor, options: DecoderForwardOptions = {}): Tensor {
    const { mask, memoryMask, keyPaddingMask, memoryKeyPaddingMask, causal } = options;
    const own = { attentionMask: mask, keyPaddingMask, causal };
    const foreign = { attentionMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask };
    const parts: [(y: Tensor) => Tensor, LayerNorm][] = [
      [(y) => this.dropout1.forward(this.selfAttn.forward(y, y, y, own).output), this.norm1],
      [(y) => this.dropout2.forward(this.multiheadAttn.forward(y, memory, memory, foreign).output), this.norm2],
      [(y) => this.dropout3.forward(this.#network(y)), this.norm3],
    ];
    return parts.reduce((y, [part, norm]) => residual(y, part, norm, this.normFirst), x);
  }

  #network(x: Tensor): Tensor {
    return this.linear2.forward(this.dropout.forward(this.#activation(this.linear1.forward(x))));
  }
}
