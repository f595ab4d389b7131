/** Exchanges between channels and places, and among channels. They only move elements. */
import { formatShape, permute, reshape, ShapeError, type Tensor, transpose } from "@sconce/core";
import { checkCount } from "../check.ts";
import { Module } from "../module.ts";

/**
 * Spreads r^2 channels over r x r places (Shi et al. 2016): element (c r^2 + i r + j, h, w) goes to (c, h r + i, w r + j).
 * x: [N, C r^2, H, W] to [N, C, H r, W r].
 */
export class PixelShuffle extends Module {
  readonly #factor: number;

  constructor(factor: number) {
    super();
    this.#factor = checkCount("PixelShuffle", "factor", factor);
  }

  override forward(x: Tensor): Tensor {
    const r = this.#factor;
    if (x.rank !== 4 || x.shape[1] % (r * r) !== 0) {
      throw new ShapeError(
        `PixelShuffle: x has shape ${formatShape(x.shape)}; it must be [N, C, H, W] with a multiple of ${r * r} channels.`,
      );
    }
    const [batch, channels, height, width] = x.shape;
    const apart = reshape(x, [batch, channels / (r * r), r, r, height, width]);
    return reshape(permute(apart, [0, 1, 4, 2, 5, 3]), [batch, channels / (r * r), height * r, width * r]);
  }
}

/** Gathers r x r places into r^2 channels, the inverse of PixelShuffle; x: [N, C, H r, W r] to [N, C r^2, H, W]. */
export class PixelUnshuffle extends Module {
  readonly #factor: number;

  constructor(factor: number) {
    super();
    this.#factor = checkCount("PixelUnshuffle", "factor", factor);
  }

  override forward(x: Tensor): Tensor {
    const r = this.#factor;
    if (x.rank !== 4 || x.shape[2] % r !== 0 || x.shape[3] % r !== 0) {
      throw new ShapeError(
        `PixelUnshuffle: x has shape ${formatShape(x.shape)}; it must be [N, C, H, W] with H and W multiples of ${r}.`,
      );
    }
    const [batch, channels, height, width] = x.shape;
    const apart = reshape(x, [batch, channels, height / r, r, width / r, r]);
    return reshape(permute(apart, [0, 1, 3, 5, 2, 4]), [batch, channels * r * r, height / r, width / r]);
  }
}

/** Deals channels out so that each group has some of every group (Zhang et al. 2018, ShuffleNet); x: [N, C, ...], same result shape. */
export class ChannelShuffle extends Module {
  readonly #groups: number;

  constructor(groups: number) {
    super();
    this.#groups = checkCount("ChannelShuffle", "groups", groups);
  }

  override forward(x: Tensor): Tensor {
    const groups = this.#groups;
    if (x.rank < 2 || x.shape[1] % groups !== 0) {
      throw new ShapeError(
        `ChannelShuffle: x has shape ${formatShape(x.shape)}; it must be [N, C, ...] with a multiple of ${groups} channels.`,
      );
    }
    const [batch, channels, ...spatial] = x.shape;
    return reshape(transpose(reshape(x, [batch, groups, channels / groups, ...spatial]), 1, 2), x.shape);
  }
}
