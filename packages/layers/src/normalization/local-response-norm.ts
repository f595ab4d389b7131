/**
 * Local response normalization, as in AlexNet (Krizhevsky et al. 2012):
 * y[c] = x[c] / (k + alpha / size * sum of x[j]^2)^beta, j running over the `size` channels around c.
 */
import {
  add,
  avgPool2d,
  divide,
  formatShape,
  multiply,
  pad,
  power,
  reshape,
  ShapeError,
  square,
  type Tensor,
} from "@sconce/core";
import { checkCount } from "../check.ts";
import { Module } from "../module.ts";

export interface LocalResponseNormOptions {
  /** 1e-4 by default. */
  readonly alpha?: number;
  /** 0.75 by default. */
  readonly beta?: number;
  /** 1 by default. */
  readonly k?: number;
}

/** x: [N, C, ...], same result shape. */
export class LocalResponseNorm extends Module {
  readonly #size: number;
  readonly #options: Required<LocalResponseNormOptions>;

  constructor(size: number, { alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormOptions = {}) {
    super();
    this.#size = checkCount("LocalResponseNorm", "size", size);
    this.#options = { alpha, beta, k };
  }

  override forward(x: Tensor): Tensor {
    if (x.rank < 3) {
      throw new ShapeError(
        `LocalResponseNorm: x has shape ${formatShape(x.shape)}; it must be [N, C, ...] with at least one more axis.`,
      );
    }
    const { alpha, beta, k } = this.#options;
    const size = this.#size;
    // The channels as the height of an image with one channel of its own; absent neighbours count as zeros.
    const [batch, channels] = x.shape;
    const image = reshape(square(x), [batch, 1, channels, x.size / Math.max(1, batch * channels)]);
    const around = pad(image, [
      [0, 0],
      [0, 0],
      [Math.floor(size / 2), Math.floor((size - 1) / 2)],
      [0, 0],
    ]);
    const means = reshape(avgPool2d(around, { kernelSize: [size, 1], stride: 1 }), x.shape);
    return divide(x, power(add(multiply(means, alpha), k), beta));
  }
}
