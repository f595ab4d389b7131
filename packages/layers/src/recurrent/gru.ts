/** Gated recurrent units over whole sequences (Cho et al. 2014, in the "reset after" form of cuDNN and PyTorch). */
import type { Tensor } from "@sconce/core";
import { type DirectionWeights, Recurrent, type RecurrentOptions } from "./recurrent.ts";
import type { SequenceOptions } from "./rnn.ts";
import { gruStep } from "./steps.ts";

/**
 * x: [T, N, inputs] to an output [T, N, directions hidden], the states of the last layer, and the last state
 * [layers directions, N, hidden]. `GRUCell` has the formula of a step.
 */
export class GRU extends Recurrent {
  constructor(inputs: number, hidden: number, options: RecurrentOptions = {}) {
    super(3, inputs, hidden, options);
  }

  /** The reset gate acts on the state's bias too, so it cannot be added beforehand. */
  protected override get joinsBiases(): boolean {
    return false;
  }

  override forward(x: Tensor, { state, lengths }: SequenceOptions<Tensor> = {}): { output: Tensor; state: Tensor } {
    const last = this.run(x, [state], lengths);
    return { output: last.output, state: last.state[0] };
  }

  protected override step(share: Tensor, [h]: readonly Tensor[], weights: DirectionWeights): readonly Tensor[] {
    return [gruStep(share, h, weights.weightHH, weights.biasHH)];
  }
}
