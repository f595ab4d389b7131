/**
 * Power-average pools: (sum of x^p over the window)^(1/p), the sum at p = 1 and near the maximum for large p
 * (Gulcehre et al. 2014). As in PyTorch the power is signed by the base, and sums below 0 count as 0; where a sum is 0
 * the gradient is taken as 0 (PyTorch's is infinite or NaN).
 */
import {
  ArgumentError,
  avgPool1d,
  avgPool2d,
  greater,
  multiply,
  power,
  sqrt,
  square,
  type Tensor,
  where,
} from "@sconce/core";
import { checkCount, extents } from "../check.ts";
import { Module } from "../module.ts";

export interface PowerPoolOptions {
  /** The kernel size by default. */
  readonly stride?: number | readonly number[];
  /** Lets the last window hang over the end; it counts as if its mean filled it. */
  readonly ceilMode?: boolean;
}

/** `pool` gives the means of windows of `size` elements; a positive sum takes the root. */
function powerPool(x: Tensor, order: number, size: number, pool: (powers: Tensor) => Tensor): Tensor {
  const sums = multiply(pool(order === 2 ? square(x) : power(x, order)), size);
  const positive = greater(sums, 0);
  const safe = where(positive, sums, 1);
  return where(positive, order === 2 ? sqrt(safe) : power(safe, 1 / order), 0);
}

function checkOrder(layer: string, order: number): number {
  if (order > 0 && Number.isFinite(order)) return order;
  throw new ArgumentError(`${layer}: the order is ${order}; give a positive number such as 2.`);
}

/** x: [N, C, L] to [N, C, L']. */
export class LPPool1d extends Module {
  readonly #order: number;
  readonly #kernelSize: number;
  readonly #options: PowerPoolOptions;

  constructor(order: number, kernelSize: number, options: PowerPoolOptions = {}) {
    super();
    this.#order = checkOrder("LPPool1d", order);
    this.#kernelSize = checkCount("LPPool1d", "kernelSize", kernelSize);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const options = { ...this.#options, kernelSize: this.#kernelSize };
    return powerPool(x, this.#order, this.#kernelSize, (powers) => avgPool1d(powers, options));
  }
}

/** x: [N, C, H, W] to [N, C, H', W']. */
export class LPPool2d extends Module {
  readonly #order: number;
  readonly #kernelSize: readonly number[];
  readonly #options: PowerPoolOptions;

  constructor(order: number, kernelSize: number | readonly number[], options: PowerPoolOptions = {}) {
    super();
    this.#order = checkOrder("LPPool2d", order);
    this.#kernelSize = extents("LPPool2d", "kernelSize", kernelSize, ["height", "width"]);
    this.#options = options;
  }

  override forward(x: Tensor): Tensor {
    const [height, width] = this.#kernelSize;
    const options = { ...this.#options, kernelSize: this.#kernelSize };
    return powerPool(x, this.#order, height * width, (powers) => avgPool2d(powers, options));
  }
}
