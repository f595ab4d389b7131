/** Resizing of feature maps. */
import { type InterpolateOptions, interpolate, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** x: [N, C, ...spatial] to the extents that `size` or `scaleFactor` asks for, by copies of the nearest element or bilinear blends. */
export class Upsample extends Module {
  readonly #options: InterpolateOptions;

  constructor(options: InterpolateOptions) {
    super();
    this.#options = { ...options };
  }

  override forward(x: Tensor): Tensor {
    return interpolate(x, this.#options);
  }
}
