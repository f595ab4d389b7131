/**
 * Batch normalization: y = (x - mean) / sqrt(variance + epsilon) * weight + bias per channel (Ioffe and Szegedy 2015).
 *
 * In training mode the statistics are those of the batch, and the running ones move towards them (towards the unbiased
 * estimate of the variance); in inference mode the running statistics are used.
 */
import {
  ArgumentError,
  add,
  batchNorm,
  batchNormTraining,
  cast,
  divide,
  formatShape,
  isTraining,
  multiply,
  ones,
  type Param,
  ShapeError,
  type Stat,
  stopGradient,
  subtract,
  type Tensor,
  zeros,
} from "@sconce/core";
import { checkCount } from "../check.ts";
import { constant, type Initializer } from "../initializers.ts";
import { Module } from "../module.ts";

export interface BatchNormLayerOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** How far running statistics move towards a batch's, 0.1 by default; null makes them the mean over all batches. */
  readonly momentum?: number | null;
  /** Whether there are a weight and a bias per channel; true by default. */
  readonly affine?: boolean;
  /** Whether running statistics are kept; without them the batch's own are used in either mode. */
  readonly trackRunningStats?: boolean;
  readonly weightInitializer?: Initializer;
}

/** The axes after the channels, as error messages write them: one list per shape that the layer takes. */
type SpatialAxes = readonly (readonly string[])[];

/** What the batch normalizations of all ranks share. */
abstract class BatchNorm extends Module {
  /** [C]. */
  readonly weight: Param | undefined;
  /** [C]. */
  readonly bias: Param | undefined;
  /** [C]. */
  readonly runningMean: Stat | undefined;
  /** [C]. */
  readonly runningVar: Stat | undefined;
  /** int32 []. */
  readonly numBatchesTracked: Stat | undefined;
  readonly #layer: string;
  readonly #spatial: SpatialAxes;
  readonly #channels: number;
  readonly #epsilon: number;
  readonly #momentum: number | null;

  constructor(layer: string, spatial: SpatialAxes, channels: number, options: BatchNormLayerOptions) {
    super();
    const {
      epsilon = 1e-5,
      momentum = 0.1,
      affine = true,
      trackRunningStats = true,
      weightInitializer = constant(1),
    } = options;
    if (momentum !== null && !(momentum >= 0 && momentum <= 1)) {
      throw new ArgumentError(
        `${layer}: momentum is ${momentum}; give a number from 0 to 1, or null for the mean over all batches.`,
      );
    }
    const shape = [checkCount(layer, "channels", channels)];
    if (affine) {
      this.weight = this.newParam(shape, weightInitializer);
      this.bias = this.newParam(shape, constant(0));
    }
    if (trackRunningStats) {
      this.runningMean = this.newStat(shape, () => zeros(shape));
      this.runningVar = this.newStat(shape, () => ones(shape));
      this.numBatchesTracked = this.newStat([], () => zeros([], "int32"), "int32");
    }
    this.#layer = layer;
    this.#spatial = spatial;
    this.#channels = channels;
    this.#epsilon = epsilon;
    this.#momentum = momentum;
  }

  override forward(x: Tensor): Tensor {
    if (!this.#spatial.some((axes) => x.rank === axes.length + 2) || x.shape[1] !== this.#channels) {
      const wanted = this.#spatial.map((axes) => `[${["N", this.#channels, ...axes].join(", ")}]`).join(" or ");
      throw new ShapeError(
        `${this.#layer}: x has shape ${formatShape(x.shape)}; it must be ${wanted}. Change the layer's first argument.`,
      );
    }
    const options = { weight: this.weight?.value, bias: this.bias?.value, epsilon: this.#epsilon };
    const { runningMean, runningVar } = this;
    if (runningMean && runningVar && !isTraining()) {
      return batchNorm(x, { ...options, mean: runningMean.value, variance: runningVar.value });
    }
    const { output, mean, variance } = batchNormTraining(x, options);
    if (isTraining()) this.#track(mean, variance, x.size / this.#channels);
    return output;
  }

  /** Moves the running statistics towards those of a batch with `count` values per channel. */
  #track(mean: Tensor, variance: Tensor, count: number): void {
    const { runningMean, runningVar, numBatchesTracked } = this;
    if (!runningMean || !runningVar || !numBatchesTracked) return;
    const batches = add(numBatchesTracked.value, 1);
    const share = this.#momentum ?? divide(1, cast(batches, "float32"));
    numBatchesTracked.assign(batches);
    moveTowards(runningMean, mean, share);
    moveTowards(runningVar, multiply(variance, count / (count - 1)), share);
  }
}

/** stat = (1 - share) stat + share target. */
function moveTowards(stat: Stat, target: Tensor, share: Tensor | number): void {
  const before = multiply(stat.value, subtract(1, share));
  stat.assign(add(before, multiply(cast(stopGradient(target), stat.dtype), share)));
}

/** x: [N, C] or [N, C, L], same result shape. */
export class BatchNorm1d extends BatchNorm {
  constructor(channels: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm1d", [[], ["L"]], channels, options);
  }
}

/** x: [N, C, H, W], same result shape. */
export class BatchNorm2d extends BatchNorm {
  constructor(channels: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm2d", [["H", "W"]], channels, options);
  }
}

/** x: [N, C, D, H, W], same result shape. */
export class BatchNorm3d extends BatchNorm {
  constructor(channels: number, options: BatchNormLayerOptions = {}) {
    super("BatchNorm3d", [["D", "H", "W"]], channels, options);
  }
}
