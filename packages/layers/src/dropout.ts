/**
 * Dropout (Srivastava et al. 2014): in training mode each element is zero with probability p, and the others are divided
 * by 1 - p, so that inference, where nothing is dropped, needs no factor.
 */
import {
  ArgumentError,
  isTraining,
  multiply,
  type RandomState,
  randomBernoulli,
  type Tensor,
  where,
  zerosLike,
} from "@sconce/core";
import { Module } from "./module.ts";

/** x: any shape. Each call, and each replay of a compiled function, drops other elements. */
export class Dropout extends Module {
  readonly probability: number;
  readonly generator: RandomState;

  constructor(probability = 0.5) {
    super();
    if (!(probability >= 0 && probability <= 1)) {
      throw new ArgumentError(`Dropout: the probability is ${probability}; give a number from 0 to 1.`);
    }
    this.probability = probability;
    this.generator = this.newRandomState();
  }

  override forward(x: Tensor): Tensor {
    const kept = 1 - this.probability;
    if (!isTraining() || kept === 1) return x;
    if (kept === 0) return zerosLike(x);
    return where(randomBernoulli(x.shape, kept, { generator: this.generator }), multiply(x, 1 / kept), 0);
  }
}
