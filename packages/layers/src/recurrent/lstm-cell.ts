/** One step of long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). */
import type { Tensor } from "@sconce/core";
import { RecurrentCell, type RecurrentCellOptions } from "./cell.ts";
import { lstmStep } from "./steps.ts";

/** The state of an LSTM: what it puts out, and what it remembers. */
export interface LSTMState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/**
 * x: [N, inputs] and the state (hidden and cell [N, hidden], zeros unless given) to the next state. With the gates
 * i, f, g, o = W_ih x + b_ih + W_hh h + b_hh: c' = sigmoid(f) c + sigmoid(i) tanh(g), h' = sigmoid(o) tanh(c').
 */
export class LSTMCell extends RecurrentCell {
  constructor(inputs: number, hidden: number, options: RecurrentCellOptions = {}) {
    super(4, inputs, hidden, options);
  }

  override forward(x: Tensor, state?: LSTMState): { hidden: Tensor; cell: Tensor } {
    const a = this.project(x, this.biasIH, this.biasHH);
    const [h, c] = [this.state("hidden", x, state?.hidden), this.state("cell", x, state?.cell)];
    const [hidden, cell] = lstmStep(a, h, c, this.weightHH.value);
    return { hidden, cell };
  }
}
