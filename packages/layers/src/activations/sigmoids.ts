/** Activations with limits on both sides. */
import { abs, add, divide, multiply, sigmoid, type Tensor, tanh } from "@sconce/core";
import { Module } from "../module.ts";
import { relu6 } from "./rectifiers.ts";

/** min(max(x + 3, 0), 6) / 6: a sigmoid of straight lines (Howard et al. 2019). */
export function hardsigmoid(x: Tensor): Tensor {
  return multiply(relu6(add(x, 3)), 1 / 6);
}

/** x / (1 + |x|). */
export function softsign(x: Tensor): Tensor {
  return divide(x, add(abs(x), 1));
}

/** 1 / (1 + e^-x); x: any shape. */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** The hyperbolic tangent; x: any shape. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** min(max(x + 3, 0), 6) / 6; x: any shape. */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

/** x / (1 + |x|); x: any shape. */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x);
  }
}
