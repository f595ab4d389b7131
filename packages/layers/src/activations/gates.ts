/** Activations in which the input passes a gate that depends on it. */
import {
  formatShape,
  gelu,
  multiply,
  narrow,
  normalizeAxis,
  ShapeError,
  sigmoid,
  softplus,
  type Tensor,
  tanh,
} from "@sconce/core";
import { Module } from "../module.ts";
import { hardsigmoid } from "./sigmoids.ts";

/** x sigmoid(x), also named swish (Elfwing et al. 2018, Ramachandran et al. 2017). */
export function silu(x: Tensor): Tensor {
  return multiply(x, sigmoid(x));
}

/** x tanh(softplus(x)) (Misra 2019). */
export function mish(x: Tensor): Tensor {
  return multiply(x, tanh(softplus(x)));
}

/** x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
export function hardswish(x: Tensor): Tensor {
  return multiply(x, hardsigmoid(x));
}

/** a sigmoid(b), where a and b are the halves of x along `axis` (Dauphin et al. 2017): the axis is halved. */
export function glu(x: Tensor, axis = -1): Tensor {
  const at = normalizeAxis("glu", axis, x.rank);
  if (x.shape[at] % 2 !== 0) {
    throw new ShapeError(
      `glu: axis ${at} of ${formatShape(x.shape)} has ${x.shape[at]} elements, which have no two equal halves; give the layer before twice as many outputs as are wanted.`,
    );
  }
  const half = x.shape[at] / 2;
  return multiply(narrow(x, at, 0, half), sigmoid(narrow(x, at, half, half)));
}

export interface GELUOptions {
  /** The exact formula (`none`, the default), or its approximation by tanh. */
  readonly approximate?: "none" | "tanh";
}

/** x Phi(x), with Phi the normal distribution function (Hendrycks and Gimpel 2016); x: any shape. */
export class GELU extends Module {
  readonly #approximate: boolean;

  constructor({ approximate = "none" }: GELUOptions = {}) {
    super();
    this.#approximate = approximate === "tanh";
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.#approximate });
  }
}

/** x sigmoid(x); x: any shape. */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** x tanh(softplus(x)); x: any shape. */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x);
  }
}

/** x hardsigmoid(x); x: any shape. */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/** The first half of x along an axis times the sigmoid of the second; the axis is halved. */
export class GLU extends Module {
  readonly #axis: number;

  constructor(axis = -1) {
    super();
    this.#axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return glu(x, this.#axis);
  }
}
