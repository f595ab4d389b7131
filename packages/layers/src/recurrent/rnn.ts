/** A simple recurrent network over whole sequences (Elman 1990). */
import type { Tensor } from "@sconce/core";
import { type DirectionWeights, Recurrent, type RecurrentOptions } from "./recurrent.ts";
import { type Nonlinearity, rnnStep } from "./steps.ts";

export interface RNNOptions extends RecurrentOptions {
  /** tanh by default. */
  readonly nonlinearity?: Nonlinearity;
}

/** What a recurrent layer is given beside x. */
export interface SequenceOptions<State> {
  /** Where every layer and direction starts; zeros by default. */
  readonly state?: State;
  /** int32 [N]: the steps of each sequence, all of them by default. After its end outputs are zero. */
  readonly lengths?: Tensor;
}

/**
 * x: [T, N, inputs] to an output [T, N, directions hidden], the states of the last layer, and the last state
 * [layers directions, N, hidden]. Per layer and direction, h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh).
 */
export class RNN extends Recurrent {
  readonly nonlinearity: Nonlinearity;

  constructor(inputs: number, hidden: number, options: RNNOptions = {}) {
    super(1, inputs, hidden, options);
    this.nonlinearity = options.nonlinearity ?? "tanh";
  }

  override forward(x: Tensor, { state, lengths }: SequenceOptions<Tensor> = {}): { output: Tensor; state: Tensor } {
    const last = this.run(x, [state], lengths);
    return { output: last.output, state: last.state[0] };
  }

  protected override step(share: Tensor, [h]: readonly Tensor[], { weightHH }: DirectionWeights): readonly Tensor[] {
    return [rnnStep(share, h, weightHH, this.nonlinearity)];
  }
}
