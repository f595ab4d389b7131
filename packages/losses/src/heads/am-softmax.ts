/** AM-Softmax, or CosFace: the logit of the true class is s (cos theta - m), of the others s cos theta (Wang et al. 2018). */
import { multiply, subtract, type Tensor } from "@sconce/core";
import { checkNumber } from "../check.ts";
import { atTarget, Head, type HeadOptions } from "./head.ts";

export interface AMSoftmaxOptions extends HeadOptions {
  /** s, times the cosines; 30 by default. */
  readonly scale?: number;
  /** m, subtracted from the cosine of the true class; 0.35 by default. */
  readonly margin?: number;
}

/** An additive margin of the cosine, on normalized features and weights; see `Head` for the shapes. */
export class AMSoftmax extends Head {
  readonly #scale: number;
  readonly #margin: number;

  constructor(features: number, classes: number, options: AMSoftmaxOptions = {}) {
    super(features, classes, options);
    const { scale = 30, margin = 0.35 } = options;
    checkNumber("AMSoftmax", "scale", scale, true);
    checkNumber("AMSoftmax", "margin", margin);
    this.#scale = scale;
    this.#margin = margin;
  }

  protected override scores(features: Tensor): Tensor {
    return multiply(this.cosines(features), this.#scale);
  }

  protected override marginLogits(features: Tensor, labels: Tensor): Tensor {
    const cosines = this.cosines(features);
    return multiply(atTarget(labels, subtract(cosines, this.#margin), cosines), this.#scale);
  }
}
