/** Large-margin softmax: the logits |W[j]| |x| cos theta[j], with psi(theta) in place of the cosine at the label (Liu et al. 2016). */
import { multiply, reshape, type Tensor } from "@sconce/core";
import { AngularMarginHead } from "./angular-margin.ts";
import { lengths } from "./head.ts";

/** A multiplicative margin of the angle; see `AngularMarginHead` for the formula and `Head` for the shapes. */
export class LSoftmax extends AngularMarginHead {
  protected override magnitudes(features: Tensor): Tensor {
    return multiply(lengths(features), reshape(lengths(this.weight.value), [1, this.weight.shape[0]]));
  }
}
