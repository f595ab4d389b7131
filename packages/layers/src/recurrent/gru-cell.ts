/** One step of a gated recurrent unit (Cho et al. 2014, in the "reset after" form of cuDNN and PyTorch). */
import type { Tensor } from "@sconce/core";
import { RecurrentCell, type RecurrentCellOptions } from "./cell.ts";
import { gruStep } from "./steps.ts";

/**
 * x: [N, inputs] and h: [N, hidden] (zeros unless given) to the next h. With r, z, n = W_ih x + b_ih and
 * r', z', n' = W_hh h + b_hh: u = sigmoid(z + z'), h' = (1 - u) tanh(n + sigmoid(r + r') n') + u h.
 */
export class GRUCell extends RecurrentCell {
  constructor(inputs: number, hidden: number, options: RecurrentCellOptions = {}) {
    super(3, inputs, hidden, options);
  }

  override forward(x: Tensor, h?: Tensor): Tensor {
    const a = this.project(x, this.biasIH);
    return gruStep(a, this.state("hidden", x, h), this.weightHH.value, this.biasHH?.value);
  }
}
