/** Reads a sequence of tokens: word vectors, then a GRU in one or both directions (Cho et al. 2014, Bahdanau et al. 2015). */
import { concatenate, formatShape, iota, less, ShapeError, split, squeeze, type Tensor } from "@sconce/core";
import { Embedding, GRU, Module } from "@sconce/layers";

/** What a decoder is given of a source sequence. */
export interface Encoded {
  /** The encoder's output at every step, [N, S, width]. */
  readonly output: Tensor;
  /** The context: the last state of each direction, [N, width]. */
  readonly context: Tensor;
  /** bool [N, S], true for steps within each sequence; undefined where all are. */
  readonly mask: Tensor | undefined;
}

export interface EncoderOptions {
  /** Whether a second GRU reads from the end; `width` is 2 hidden then. */
  readonly bidirectional?: boolean;
  /** Layers on top of each other; 1 by default. The context is the last state of the uppermost. */
  readonly layers?: number;
  /** The probability of dropping an output between layers, in training; 0 by default. */
  readonly dropout?: number;
}

/** tokens: int32 [S, N] and their lengths int32 [N] (all of S unless given) to what decoders take. */
export class Encoder extends Module {
  readonly embedding: Embedding;
  readonly rnn: GRU;
  /** The width of the output and of the context. */
  readonly width: number;

  /** The number of tokens, the width of their vectors, and that of the state of each direction. */
  constructor(vocabulary: number, embedding: number, hidden: number, options: EncoderOptions = {}) {
    super();
    this.embedding = new Embedding(vocabulary, embedding);
    this.rnn = new GRU(embedding, hidden, options);
    this.width = options.bidirectional ? 2 * hidden : hidden;
  }

  override forward(tokens: Tensor, lengths?: Tensor): Encoded {
    if (tokens.rank !== 2) {
      throw new ShapeError(
        `Encoder: tokens have shape ${formatShape(tokens.shape)}; they must be [S, N], one column per sequence. Add a batch axis with tokens.unsqueeze(1).`,
      );
    }
    const { output, state } = this.rnn.forward(this.embedding.forward(tokens), { lengths });
    const [steps, batch] = tokens.shape;
    const last = split(state, state.shape[0]).slice(this.rnn.bidirectional ? -2 : -1);
    return {
      output: output.transpose(0, 1),
      context: concatenate(
        last.map((part) => squeeze(part, 0)),
        1,
      ),
      mask: lengths && less(iota([batch, steps], 1), lengths.unsqueeze(1)),
    };
  }
}
