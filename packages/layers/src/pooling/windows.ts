/** Pools of windows. */
import {
  type AveragePoolOptions,
  avgPool1d,
  avgPool2d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  type Tensor,
} from "@sconce/core";
import { Module } from "../module.ts";

/** The largest element of each window; x: [N, C, L] to [N, C, L']. The stride is the kernel size unless given. */
export class MaxPool1d extends Module {
  readonly #options: MaxPoolOptions;

  constructor(kernelSize: number, options: Omit<MaxPoolOptions, "kernelSize"> = {}) {
    super();
    this.#options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return maxPool1d(x, this.#options);
  }
}

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

/** The mean of each window; x: [N, C, L] to [N, C, L']. The stride is the kernel size unless given. */
export class AvgPool1d extends Module {
  readonly #options: AveragePoolOptions;

  constructor(kernelSize: number, options: Omit<AveragePoolOptions, "kernelSize"> = {}) {
    super();
    this.#options = { ...options, kernelSize };
  }

  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.#options);
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
