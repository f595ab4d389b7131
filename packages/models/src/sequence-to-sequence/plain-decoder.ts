/** The simplest decoder: the context is its first state, and it is told nothing after that. */
import { broadcastTo, type Param, type Tensor } from "@sconce/core";
import { normal } from "@sconce/layers";
import { Decoder, type DecoderStep } from "./decoder.ts";

/** h_t = GRU(input, h_(t-1)) with one learned input for all steps, logits = W h_t + b. */
export class PlainDecoder extends Decoder {
  /** [inputs]. */
  readonly input: Param;

  /** The number of tokens, the widths of the input and of the state, and that of the context. */
  constructor(vocabulary: number, inputs: number, hidden: number, context: number) {
    super(vocabulary, inputs, hidden, context);
    this.input = this.newParam([inputs], normal());
  }

  override step(_tokens: Tensor, before: Tensor): DecoderStep {
    const { value } = this.input;
    const state = this.cell.forward(broadcastTo(value, [before.shape[0], value.size]), before);
    return { logits: this.output.forward(state), state };
  }
}
