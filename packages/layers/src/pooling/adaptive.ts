/** Pools into a given number of bins, which may differ in size: bin i reaches from floor(i in / out) to ceil((i + 1) in / out). */
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveMaxPool1d, adaptiveMaxPool2d, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** The means of `outputSize` bins; x: [N, C, L] to [N, C, outputSize]. */
export class AdaptiveAvgPool1d extends Module {
  readonly #outputSize: number;

  constructor(outputSize: number) {
    super();
    this.#outputSize = outputSize;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.#outputSize);
  }
}

/** The means of bins; x: [N, C, H, W] to [N, C, ...outputSize]. */
export class AdaptiveAvgPool2d extends Module {
  readonly #outputSize: number | readonly [height: number, width: number];

  constructor(outputSize: number | readonly [height: number, width: number]) {
    super();
    this.#outputSize = outputSize;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.#outputSize);
  }
}

/** The largest elements of `outputSize` bins; x: [N, C, L] to [N, C, outputSize]. */
export class AdaptiveMaxPool1d extends Module {
  readonly #outputSize: number;

  constructor(outputSize: number) {
    super();
    this.#outputSize = outputSize;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.#outputSize);
  }
}

/** The largest elements of bins; x: [N, C, H, W] to [N, C, ...outputSize]. */
export class AdaptiveMaxPool2d extends Module {
  readonly #outputSize: number | readonly [height: number, width: number];

  constructor(outputSize: number | readonly [height: number, width: number]) {
    super();
    this.#outputSize = outputSize;
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.#outputSize);
  }
}
