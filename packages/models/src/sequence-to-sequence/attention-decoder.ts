/** A decoder with a context of its own at every step: a mean of the encoder's outputs, weighted by attention (Bahdanau et al. 2015). */
import { concatenate, squeeze, type Tensor, unsqueeze } from "@sconce/core";
import { AdditiveAttention, Embedding } from "@sconce/layers";
import { Decoder, type DecoderStep } from "./decoder.ts";
import type { Encoded } from "./encoder.ts";

/** c_t = attention(h_(t-1), outputs), h_t = GRU([vector of token t-1; c_t], h_(t-1)), logits = W [h_t; c_t] + b. */
export class AttentionDecoder extends Decoder {
  readonly embedding: Embedding;
  readonly attention: AdditiveAttention;

  /** The number of tokens, the widths of their vectors and of the state, and that of the encoder's output. */
  constructor(vocabulary: number, embedding: number, hidden: number, context: number) {
    super(vocabulary, embedding + context, hidden, context, context);
    this.embedding = new Embedding(vocabulary, embedding);
    this.attention = new AdditiveAttention(hidden, context, hidden);
  }

  override step(tokens: Tensor, before: Tensor, { output, mask }: Encoded): DecoderStep {
    const attended = this.attention.forward(unsqueeze(before, 1), output, output, { mask: mask && unsqueeze(mask, 1) });
    const context = squeeze(attended.output, 1);
    const state = this.cell.forward(concatenate([this.embedding.forward(tokens), context], 1), before);
    const logits = this.output.forward(concatenate([state, context], 1));
    return { logits, state, weights: squeeze(attended.weights, 1) };
  }
}
