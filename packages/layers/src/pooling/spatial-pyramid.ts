/**
 * Spatial pyramid pooling (He et al. 2014, SPP-net): images of any size become vectors of one length, the maxima (or
 * means) of n x n bins for each level n, one level after the other, channels first within each.
 */
import { adaptiveAvgPool2d, adaptiveMaxPool2d, concatenate, flatten, type Tensor } from "@sconce/core";
import { checkCount } from "../check.ts";
import { Module } from "../module.ts";

export interface SpatialPyramidPoolingOptions {
  /** What stands for a bin: its largest element (the default), or its mean. */
  readonly mode?: "max" | "average";
}

/** x: [N, C, H, W] to [N, C sum(levels^2)]. */
export class SpatialPyramidPooling extends Module {
  readonly #levels: readonly number[];
  readonly #mode: "max" | "average";

  constructor(levels: readonly number[] = [1, 2, 4], { mode = "max" }: SpatialPyramidPoolingOptions = {}) {
    super();
    checkCount("SpatialPyramidPooling", "the number of levels", levels.length);
    this.#levels = levels.map((level) => checkCount("SpatialPyramidPooling", "a level", level));
    this.#mode = mode;
  }

  override forward(x: Tensor): Tensor {
    const pool = this.#mode === "max" ? adaptiveMaxPool2d : adaptiveAvgPool2d;
    return concatenate(
      this.#levels.map((level) => flatten(pool(x, level), 1)),
      1,
    );
  }
}
