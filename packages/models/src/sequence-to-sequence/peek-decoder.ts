/** A decoder that looks at the context at every step, so that its state need not hold it (Cho et al. 2014). */
import { concatenate, type Tensor } from "@sconce/core";
import { Embedding } from "@sconce/layers";
import { Decoder, type DecoderStep } from "./decoder.ts";
import type { Encoded } from "./encoder.ts";

/** h_t = GRU([vector of token t-1; context], h_(t-1)), logits = W [h_t; context] + b. */
export class PeekDecoder extends Decoder {
  readonly embedding: Embedding;

  /** The number of tokens, the widths of their vectors and of the state, and that of the context. */
  constructor(vocabulary: number, embedding: number, hidden: number, context: number) {
    super(vocabulary, embedding + context, hidden, context, context);
    this.embedding = new Embedding(vocabulary, embedding);
  }

  override step(tokens: Tensor, before: Tensor, { context }: Encoded): DecoderStep {
    const state = this.cell.forward(concatenate([this.embedding.forward(tokens), context], 1), before);
    return { logits: this.output.forward(concatenate([state, context], 1)), state };
  }
}
