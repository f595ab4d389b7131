/** Rectifiers: piecewise linear activations that pass positive inputs on. */
import {
  ArgumentError,
  formatShape,
  greater,
  less,
  multiply,
  type Param,
  relu,
  reshape,
  ShapeError,
  type Tensor,
  where,
} from "@sconce/core";
import { checkCount } from "../check.ts";
import { constant } from "../initializers.ts";
import { Module } from "../module.ts";

/** min(max(x, 0), 6), which low precision can hold (Howard et al. 2017); its derivative at 0 and 6 is taken as 0. */
export function relu6(x: Tensor): Tensor {
  return where(less(x, 6), relu(x), 6);
}

/** x where it is positive, and negativeSlope x elsewhere (Maas et al. 2013). */
export function leakyRelu(x: Tensor, negativeSlope = 0.01): Tensor {
  return where(greater(x, 0), x, multiply(x, negativeSlope));
}

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** min(max(x, 0), 6); x: any shape. */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/** x where it is positive, and negativeSlope x elsewhere; x: any shape. */
export class LeakyReLU extends Module {
  readonly #negativeSlope: number;

  constructor(negativeSlope = 0.01) {
    super();
    this.#negativeSlope = negativeSlope;
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.#negativeSlope);
  }
}

/**
 * LeakyReLU with a trained slope, one for all or one per channel (He et al. 2015); x: [N, C, ...], or any shape where
 * there is one slope.
 */
export class PReLU extends Module {
  /** The slopes: [1] or [C]. */
  readonly weight: Param;

  constructor(parameters = 1, initial = 0.25) {
    super();
    if (!Number.isFinite(initial)) throw new ArgumentError(`PReLU: initial is ${initial}; give a slope such as 0.25.`);
    this.weight = this.newParam([checkCount("PReLU", "parameters", parameters)], constant(initial));
  }

  override forward(x: Tensor): Tensor {
    const [slopes] = this.weight.shape;
    if (slopes > 1 && (x.rank < 2 || x.shape[1] !== slopes)) {
      throw new ShapeError(
        `PReLU: x has shape ${formatShape(x.shape)}; with ${slopes} slopes it must be [N, ${slopes}, ...]. Change the layer's first argument.`,
      );
    }
    const slope = reshape(this.weight.value, slopes === 1 ? [] : [slopes, ...x.shape.slice(2).map(() => 1)]);
    return where(greater(x, 0), x, multiply(x, slope));
  }
}
