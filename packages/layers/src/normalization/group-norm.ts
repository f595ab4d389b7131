/** Normalizations over groups of channels of each example, the same in training and inference. */
import { ArgumentError, formatShape, groupNorm, instanceNorm, type Param, ShapeError, type Tensor } from "@sconce/core";
import { checkCount } from "../check.ts";
import { constant } from "../initializers.ts";
import { Module } from "../module.ts";

export interface GroupNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether there are a weight and a bias per channel: true by default for GroupNorm, false for InstanceNorm. */
  readonly affine?: boolean;
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias over each of `groups` groups of channels (Wu and He 2018); x: [N, C, ...]. */
export class GroupNorm extends Module {
  /** [C]. */
  readonly weight: Param | undefined;
  /** [C]. */
  readonly bias: Param | undefined;
  readonly #groups: number;
  readonly #channels: number;
  readonly #epsilon: number;

  constructor(groups: number, channels: number, { epsilon = 1e-5, affine = true }: GroupNormOptions = {}) {
    super();
    this.#groups = checkCount("GroupNorm", "groups", groups);
    this.#channels = checkCount("GroupNorm", "channels", channels);
    if (channels % groups !== 0) {
      throw new ArgumentError(
        `GroupNorm: ${channels} channels do not divide into ${groups} groups; give a divisor of ${channels}.`,
      );
    }
    this.#epsilon = epsilon;
    if (affine) this.weight = this.newParam([channels], constant(1));
    if (affine) this.bias = this.newParam([channels], constant(0));
  }

  override forward(x: Tensor): Tensor {
    if (x.rank < 2 || x.shape[1] !== this.#channels) {
      throw new ShapeError(
        `GroupNorm: x has shape ${formatShape(x.shape)}; it must be [N, ${this.#channels}, ...]. Change the layer's second argument.`,
      );
    }
    return groupNorm(x, this.#groups, { weight: this.weight?.value, bias: this.bias?.value, epsilon: this.#epsilon });
  }
}

/** What the instance normalizations of all ranks share. */
abstract class InstanceNorm extends Module {
  /** [C]. */
  readonly weight: Param | undefined;
  /** [C]. */
  readonly bias: Param | undefined;
  readonly #layer: string;
  readonly #spatial: readonly string[];
  readonly #channels: number;
  readonly #epsilon: number;

  constructor(layer: string, spatial: readonly string[], channels: number, options: GroupNormOptions) {
    super();
    const { epsilon = 1e-5, affine = false } = options;
    this.#layer = layer;
    this.#spatial = spatial;
    this.#channels = checkCount(layer, "channels", channels);
    this.#epsilon = epsilon;
    if (affine) this.weight = this.newParam([channels], constant(1));
    if (affine) this.bias = this.newParam([channels], constant(0));
  }

  override forward(x: Tensor): Tensor {
    if (x.rank !== this.#spatial.length + 2 || x.shape[1] !== this.#channels) {
      throw new ShapeError(
        `${this.#layer}: x has shape ${formatShape(x.shape)}; it must be [${["N", this.#channels, ...this.#spatial].join(", ")}]. Change the layer's first argument.`,
      );
    }
    return instanceNorm(x, { weight: this.weight?.value, bias: this.bias?.value, epsilon: this.#epsilon });
  }
}

/** Each channel of each example normalized over its length (Ulyanov et al. 2016); x: [N, C, L]. */
export class InstanceNorm1d extends InstanceNorm {
  constructor(channels: number, options: GroupNormOptions = {}) {
    super("InstanceNorm1d", ["L"], channels, options);
  }
}

/** Each channel of each example normalized over its area (Ulyanov et al. 2016); x: [N, C, H, W]. */
export class InstanceNorm2d extends InstanceNorm {
  constructor(channels: number, options: GroupNormOptions = {}) {
    super("InstanceNorm2d", ["H", "W"], channels, options);
  }
}
