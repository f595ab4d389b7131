/** Long short-term memory over whole sequences (Hochreiter and Schmidhuber 1997, Gers et al. 2000). */
import type { Tensor } from "@sconce/core";
import type { LSTMState } from "./lstm-cell.ts";
import { type DirectionWeights, Recurrent, type RecurrentOptions } from "./recurrent.ts";
import type { SequenceOptions } from "./rnn.ts";
import { lstmStep } from "./steps.ts";

/**
 * x: [T, N, inputs] to an output [T, N, directions hidden], the hidden states of the last layer, and the last state:
 * hidden and cell, [layers directions, N, hidden] each. `LSTMCell` has the formula of a step.
 */
export class LSTM extends Recurrent {
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super(4, inputs, hidden, options);
  }

  override forward(
    x: Tensor,
    { state, lengths }: SequenceOptions<LSTMState> = {},
  ): { output: Tensor; state: { hidden: Tensor; cell: Tensor } } {
    const last = this.run(x, [state?.hidden, state?.cell], lengths);
    const [hidden, cell] = last.state;
    return { output: last.output, state: { hidden, cell } };
  }

  protected override step(share: Tensor, [h, c]: readonly Tensor[], { weightHH }: DirectionWeights): readonly Tensor[] {
    return lstmStep(share, h, c, weightHH);
  }
}
