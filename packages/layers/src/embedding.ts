/** A table of vectors, one per token. */
import {
  ArgumentError,
  embedding,
  equal,
  iota,
  type Param,
  stopGradient,
  type Tensor,
  unsqueeze,
  where,
} from "@sconce/core";
import { checkCount } from "./check.ts";
import { type Initializer, normal } from "./initializers.ts";
import { Module } from "./module.ts";

export interface EmbeddingOptions {
  /** The token that pads short sequences: its vector starts at zero and gets no gradient. Negative ones count from the end. */
  readonly paddingIndex?: number;
  /** Normal with deviation 1 by default. */
  readonly weightInitializer?: Initializer;
}

/** tokens: whole numbers [...] to vectors [..., width]; a token outside the table gives NaN. */
export class Embedding extends Module {
  /** [vocabulary, width]. */
  readonly weight: Param;
  readonly #padding: number | undefined;

  constructor(
    vocabulary: number,
    width: number,
    { paddingIndex, weightInitializer = normal() }: EmbeddingOptions = {},
  ) {
    super();
    const shape = [checkCount("Embedding", "vocabulary", vocabulary), checkCount("Embedding", "width", width)];
    if (
      paddingIndex !== undefined &&
      !(Number.isInteger(paddingIndex) && paddingIndex >= -vocabulary && paddingIndex < vocabulary)
    ) {
      throw new ArgumentError(
        `Embedding: paddingIndex is ${paddingIndex}; give a token of the ${vocabulary}, ${-vocabulary} to ${vocabulary - 1}.`,
      );
    }
    const padding = paddingIndex !== undefined && paddingIndex < 0 ? paddingIndex + vocabulary : paddingIndex;
    this.weight = this.newParam(
      shape,
      padding === undefined ? weightInitializer : withZeroRow(weightInitializer, padding),
    );
    this.#padding = padding;
  }

  override forward(tokens: Tensor): Tensor {
    const vectors = embedding(this.weight.value, tokens);
    if (this.#padding === undefined) return vectors;
    return where(unsqueeze(equal(tokens, this.#padding), -1), stopGradient(vectors), vectors);
  }
}

function withZeroRow(initializer: Initializer, row: number): Initializer {
  return (shape, key, dtype) => where(equal(iota([shape[0], 1], 0), row), 0, initializer(shape, key, dtype));
}
