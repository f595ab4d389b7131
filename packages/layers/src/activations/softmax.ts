/** Softmax as a module. Classifiers return logits: crossEntropy takes them as they are. */
import { logSoftmax, softmax, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** e^x / sum(e^x) along an axis, the last by default; x: any shape. */
export class Softmax extends Module {
  readonly #axis: number;

  constructor(axis = -1) {
    super();
    this.#axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, this.#axis);
  }
}

/** log(softmax(x)) along an axis, the last by default; x: any shape. */
export class LogSoftmax extends Module {
  readonly #axis: number;

  constructor(axis = -1) {
    super();
    this.#axis = axis;
  }

  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.#axis);
  }
}
