/**
 * Maxout (Goodfellow et al. 2013): the largest of k linear maps, y[o] = max over j of w[o, j] x + b[o, j]. It can take
 * the shape of any convex function, and so learns its own activation.
 */
import { max, reshape, type Tensor } from "@sconce/core";
import { checkCount } from "../check.ts";
import { Linear, type LinearOptions } from "../linear.ts";
import { Module } from "../module.ts";

/** x: [..., inputs] to [..., outputs]; `linear` has the pieces of each output side by side: [outputs pieces, inputs]. */
export class Maxout extends Module {
  readonly linear: Linear;
  readonly #pieces: number;

  constructor(inputs: number, outputs: number, pieces: number, options: LinearOptions = {}) {
    super();
    this.#pieces = checkCount("Maxout", "pieces", pieces);
    this.linear = new Linear(inputs, checkCount("Maxout", "outputs", outputs) * pieces, options);
  }

  override forward(x: Tensor): Tensor {
    const y = this.linear.forward(x);
    const lead = y.shape.slice(0, -1);
    return max(reshape(y, [...lead, y.shape[y.rank - 1] / this.#pieces, this.#pieces]), { axes: -1 });
  }
}
