/** A network that reads a name letter by letter: vectors of letters, an LSTM, and a score per language from its last state. */
import type { Tensor } from "@sconce/core";
import { Embedding, Linear, LSTM, Module } from "@sconce/layers";
import { alphabet } from "./names.ts";

export interface ClassifierOptions {
  /** The width of a letter's vector; 16 by default. */
  readonly embedding?: number;
  /** The width of the state; 64 by default. */
  readonly hidden?: number;
}

export class NameClassifier extends Module {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly output: Linear;

  constructor(languages: number, { embedding = 16, hidden = 64 }: ClassifierOptions = {}) {
    super();
    this.embedding = new Embedding(alphabet.length, embedding);
    this.lstm = new LSTM(embedding, hidden);
    this.output = new Linear(hidden, languages);
  }

  /** letters: int32 [T, N] and the lengths of the names, int32 [N], to logits [N, languages]. */
  override forward(letters: Tensor, lengths: Tensor): Tensor {
    const { state } = this.lstm.forward(this.embedding.forward(letters), { lengths });
    return this.output.forward(state.hidden.squeeze(0));
  }
}
