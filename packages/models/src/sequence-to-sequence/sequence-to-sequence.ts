/** An encoder and a decoder as one model (Sutskever et al. 2014). */
import type { Tensor } from "@sconce/core";
import { Module } from "@sconce/layers";
import type { Decoded, DecodeOptions, Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";

export interface SequenceToSequenceOptions extends Omit<DecodeOptions, "start"> {
  /** int32 [N]: the steps of each source sequence, all by default. */
  readonly lengths?: Tensor;
}

/** source: int32 [S, N] to the logits [T, N, vocabulary] of each token of the target [T, N]. */
export class SequenceToSequence<Of extends Decoder = Decoder> extends Module {
  readonly encoder: Encoder;
  readonly decoder: Of;
  /** The token before the first of every target. */
  readonly startToken: number;
  /** The token after the last. */
  readonly endToken: number;

  constructor(encoder: Encoder, decoder: Of, tokens: { readonly start: number; readonly end: number }) {
    super();
    this.encoder = encoder;
    this.decoder = decoder;
    this.startToken = tokens.start;
    this.endToken = tokens.end;
  }

  override forward(source: Tensor, { lengths, ...options }: SequenceToSequenceOptions): Decoded {
    return this.decoder.forward(this.encoder.forward(source, lengths), { ...options, start: this.startToken });
  }
}
