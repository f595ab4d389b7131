/**
 * Batch normalization whose statistics, weight and bias are all fixed, as in torchvision's detectors: trained with few
 * images per step, a backbone keeps what it learned with many.
 */
import { batchNorm, formatShape, ones, ShapeError, type Stat, type Tensor, zeros } from "@sconce/core";
import { checkCount } from "../check.ts";
import { Module } from "../module.ts";

/** x: [N, C, H, W], same result shape. It has no parameters: all four of its values are statistics, [C]. */
export class FrozenBatchNorm2d extends Module {
  readonly weight: Stat;
  readonly bias: Stat;
  readonly runningMean: Stat;
  readonly runningVar: Stat;
  readonly #epsilon: number;

  constructor(channels: number, { epsilon = 1e-5 }: { readonly epsilon?: number } = {}) {
    super();
    const shape = [checkCount("FrozenBatchNorm2d", "channels", channels)];
    this.weight = this.newStat(shape, () => ones(shape));
    this.bias = this.newStat(shape, () => zeros(shape));
    this.runningMean = this.newStat(shape, () => zeros(shape));
    this.runningVar = this.newStat(shape, () => ones(shape));
    this.#epsilon = epsilon;
  }

  override forward(x: Tensor): Tensor {
    const [channels] = this.weight.shape;
    if (x.rank !== 4 || x.shape[1] !== channels) {
      throw new ShapeError(
        `FrozenBatchNorm2d: x has shape ${formatShape(x.shape)}; it must be [N, ${channels}, H, W]. Change the layer's first argument.`,
      );
    }
    const { weight, bias, runningMean, runningVar } = this;
    return batchNorm(x, {
      weight: weight.value,
      bias: bias.value,
      mean: runningMean.value,
      variance: runningVar.value,
      epsilon: this.#epsilon,
    });
  }
}
