/** Activations that approach their limit below zero exponentially. */
import { divide, expm1, greater, multiply, softplus, type Tensor, where } from "@sconce/core";
import { Module } from "../module.ts";

const seluAlpha = 1.6732632423543772;
const seluScale = 1.0507009873554805;

/** x where it is positive, and alpha (e^x - 1) elsewhere (Clevert et al. 2016). */
export function elu(x: Tensor, alpha = 1): Tensor {
  const positive = greater(x, 0);
  // Where x is positive e^x may overflow, and infinity times the zero gradient would be NaN.
  return where(positive, x, multiply(expm1(where(positive, 0, x)), alpha));
}

/** elu scaled so that activations keep mean 0 and variance 1 from layer to layer (Klambauer et al. 2017). */
export function selu(x: Tensor): Tensor {
  return multiply(elu(x, seluAlpha), seluScale);
}

/** x where it is positive, and alpha (e^x - 1) elsewhere; x: any shape. */
export class ELU extends Module {
  readonly #alpha: number;

  constructor(alpha = 1) {
    super();
    this.#alpha = alpha;
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.#alpha);
  }
}

/** The self-normalizing ELU; x: any shape. Start weights with kaimingNormal's variance 1 / fanIn, and drop with AlphaDropout. */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return selu(x);
  }
}

export interface SoftplusOptions {
  /** How sharply it bends; 1 by default. */
  readonly beta?: number;
  /** Above this value of beta x the result is x itself; 20 by default. */
  readonly threshold?: number;
}

/** log(1 + e^(beta x)) / beta, a smooth max(x, 0) (Dugas et al. 2001); x: any shape. */
export class Softplus extends Module {
  readonly #beta: number;
  readonly #threshold: number;

  constructor({ beta = 1, threshold = 20 }: SoftplusOptions = {}) {
    super();
    this.#beta = beta;
    this.#threshold = threshold;
  }

  override forward(x: Tensor): Tensor {
    const scaled = multiply(x, this.#beta);
    return where(greater(scaled, this.#threshold), x, divide(softplus(scaled), this.#beta));
  }
}
