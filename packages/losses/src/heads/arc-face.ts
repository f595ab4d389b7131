/**
 * ArcFace: the logit of the true class is s cos(theta + m), of the others s cos theta (Deng et al. 2019).
 *
 * cos(theta + m) = cos theta cos m - sin theta sin m falls only while theta + m <= pi. Beyond, where it would reward
 * larger angles, cos theta - m sin m takes its place, as in the authors' code.
 */
import { ArgumentError, greater, maximum, multiply, sqrt, square, subtract, type Tensor, where } from "@sconce/core";
import { checkNumber } from "../check.ts";
import { atTarget, Head, type HeadOptions } from "./head.ts";

export interface ArcFaceOptions extends HeadOptions {
  /** s, times the cosines; 64 by default. */
  readonly scale?: number;
  /** m, added to the angle of the true class, in radians from 0 to pi; 0.5 by default. */
  readonly margin?: number;
}

/** An additive margin of the angle, on normalized features and weights; see `Head` for the shapes. */
export class ArcFace extends Head {
  readonly #scale: number;
  readonly #margin: number;

  constructor(features: number, classes: number, options: ArcFaceOptions = {}) {
    super(features, classes, options);
    const { scale = 64, margin = 0.5 } = options;
    checkNumber("ArcFace", "scale", scale, true);
    if (!(margin >= 0 && margin <= Math.PI)) {
      throw new ArgumentError(`ArcFace: margin is ${margin}; give an angle in radians from 0 to pi, for example 0.5.`);
    }
    this.#scale = scale;
    this.#margin = margin;
  }

  protected override scores(features: Tensor): Tensor {
    return multiply(this.cosines(features), this.#scale);
  }

  protected override marginLogits(features: Tensor, labels: Tensor): Tensor {
    const margin = this.#margin;
    const cosines = this.cosines(features);
    // At an angle of 0 the root has no derivative; just below 1 it is large but finite.
    const sines = sqrt(maximum(subtract(1, square(cosines)), 1e-12));
    const turned = subtract(multiply(cosines, Math.cos(margin)), multiply(sines, Math.sin(margin)));
    const beyond = subtract(cosines, margin * Math.sin(margin));
    const target = where(greater(cosines, -Math.cos(margin)), turned, beyond);
    return multiply(atTarget(labels, target, cosines), this.#scale);
  }
}
