/** One step of a simple recurrent layer (Elman 1990): h' = tanh(W_ih x + b_ih + W_hh h + b_hh). */
import type { Tensor } from "@sconce/core";
import { RecurrentCell, type RecurrentCellOptions } from "./cell.ts";
import { type Nonlinearity, rnnStep } from "./steps.ts";

export interface RNNCellOptions extends RecurrentCellOptions {
  /** tanh by default. */
  readonly nonlinearity?: Nonlinearity;
}

/** x: [N, inputs] and h: [N, hidden] (zeros unless given) to the next h. */
export class RNNCell extends RecurrentCell {
  readonly nonlinearity: Nonlinearity;

  constructor(inputs: number, hidden: number, options: RNNCellOptions = {}) {
    super(1, inputs, hidden, options);
    this.nonlinearity = options.nonlinearity ?? "tanh";
  }

  override forward(x: Tensor, h?: Tensor): Tensor {
    const a = this.project(x, this.biasIH, this.biasHH);
    return rnnStep(a, this.state("hidden", x, h), this.weightHH.value, this.nonlinearity);
  }
}
