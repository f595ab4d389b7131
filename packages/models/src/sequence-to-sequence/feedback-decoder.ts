/** A decoder that is given each token it put out (Sutskever et al. 2014). */
import type { Tensor } from "@sconce/core";
import { Embedding } from "@sconce/layers";
import { Decoder, type DecoderStep } from "./decoder.ts";

/** h_t = GRU(vector of token t-1, h_(t-1)), logits = W h_t + b. */
export class FeedbackDecoder extends Decoder {
  readonly embedding: Embedding;

  /** The number of tokens, the widths of their vectors and of the state, and that of the context. */
  constructor(vocabulary: number, embedding: number, hidden: number, context: number) {
    super(vocabulary, embedding, hidden, context);
    this.embedding = new Embedding(vocabulary, embedding);
  }

  override step(tokens: Tensor, before: Tensor): DecoderStep {
    const state = this.cell.forward(this.embedding.forward(tokens), before);
    return { logits: this.output.forward(state), state };
  }
}
