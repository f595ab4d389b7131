/** A-Softmax, or SphereFace: the logits |x| cos theta[j] of normalized weights, with psi(theta) in place of the cosine at the label (Liu et al. 2017). */
import type { Tensor } from "@sconce/core";
import { AngularMarginHead } from "./angular-margin.ts";
import { lengths } from "./head.ts";

/** A multiplicative margin of the angle to normalized weights; see `AngularMarginHead` for the formula and `Head` for the shapes. */
export class ASoftmax extends AngularMarginHead {
  protected override magnitudes(features: Tensor): Tensor {
    return lengths(features);
  }
}
