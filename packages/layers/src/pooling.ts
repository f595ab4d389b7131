/** Pools of windows and of whole feature maps. */
import {
  type AveragePoolOptions,
  avgPool2d,
  globalAveragePool,
  type MaxPoolOptions,
  maxPool2d,
  type Tensor,
} from "@sconce/core";
import { Module } from "./module.ts";

/** The largest element of each window; x: [N, C, H, W] to [N, C, H', W']. The stride is the kernel size unless given. */
export class MaxPool2d extends Module {
  readonly #options: MaxPoolOptions;

  constructor(kernelSize: number | readonly number[], options: Omit<MaxPoolOptions, "kernelSize"> = {}) {
    super();
    this.#options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.#options);
  }
}

/** The mean of each window; x: [N, C, H, W] to [N, C, H', W']. The stride is the kernel size unless given. */
export class AvgPool2d extends Module {
  readonly #options: AveragePoolOptions;

  constructor(kernelSize: number | readonly number[], options: Omit<AveragePoolOptions, "kernelSize"> = {}) {
    super();
    this.#options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.#options);
  }
}

/** The mean of each feature map; x: [N, C, H, W] to [N, C] (Lin et al. 2014). */
export class GlobalAveragePool extends Module {
  override forward(x: Tensor): Tensor {
    return globalAveragePool(x);
  }
}
