/** Convolution (cross-correlation, as everywhere in the field) over one to three axes: y[o] = sum over c of w[o, c] * x[c], plus b[o]. */
import {
  ArgumentError,
  type ConvolutionOptions,
  conv1d,
  conv2d,
  conv3d,
  formatShape,
  type Param,
  ShapeError,
  type Tensor,
} from "@sconce/core";
import { checkCount, extents } from "../check.ts";
import { defaultBias, defaultWeight, type Initializer } from "../initializers.ts";
import { Module } from "../module.ts";

export interface ConvolutionLayerOptions {
  /** One number, or one per axis; so are stride, padding and dilation. */
  readonly kernelSize: number | readonly number[];
  readonly stride?: number | readonly number[];
  /** Zeros on both sides of each axis; "same" keeps the extents at stride 1. */
  readonly padding?: number | readonly number[] | "same";
  readonly dilation?: number | readonly number[];
  /** Parts into which the channels are divided, each convolved on its own; as many as channels makes a depthwise convolution. */
  readonly groups?: number;
  /** Whether a bias is added; true by default. */
  readonly bias?: boolean;
  readonly weightInitializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** A convolution of one rank: the layer's name, the function it applies, and the names of its axes. */
interface Rank {
  readonly layer: string;
  readonly convolve: (x: Tensor, weight: Tensor, options: ConvolutionOptions) => Tensor;
  readonly axes: readonly string[];
  /** The axes in x's shape. */
  readonly spatial: string;
}

/** What the convolutions of all ranks share. */
abstract class Convolution extends Module {
  /** [outputs, inputs / groups, ...kernel]. */
  readonly weight: Param;
  /** [outputs]. */
  readonly bias: Param | undefined;
  readonly #rank: Rank;
  readonly #options: ConvolutionOptions;

  constructor(rank: Rank, inputs: number, outputs: number, options: ConvolutionLayerOptions) {
    super();
    const { kernelSize, stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    const { layer, axes } = rank;
    checkChannels(layer, inputs, outputs, groups);
    if (padding === "same" && extents(layer, "stride", stride, axes).some((step) => step !== 1)) {
      throw new ArgumentError(
        `${layer}: padding "same" keeps the extents only at stride 1; give the padding as a number.`,
      );
    }
    const shape = [outputs, inputs / groups, ...extents(layer, "kernelSize", kernelSize, axes)];
    this.weight = this.newParam(shape, options.weightInitializer ?? defaultWeight);
    if (bias) this.bias = this.newParam([outputs], options.biasInitializer ?? defaultBias(shape));
    this.#rank = rank;
    this.#options = { stride, padding, dilation, groups };
  }

  override forward(x: Tensor): Tensor {
    const { layer, axes, spatial, convolve } = this.#rank;
    const inputs = this.weight.shape[1] * (this.#options.groups ?? 1);
    if (x.rank !== axes.length + 2 || x.shape[1] !== inputs) {
      throw new ShapeError(
        `${layer}: x has shape ${formatShape(x.shape)}; it must be [N, ${inputs}, ${spatial}] for ${this.weight}. ` +
          `Add a batch axis with x.unsqueeze(0); move channels forward with x.moveAxis(-1, 1).`,
      );
    }
    return convolve(x, this.weight.value, { ...this.#options, bias: this.bias?.value });
  }
}

/** Throws where channels do not divide into groups. */
export function checkChannels(layer: string, inputs: number, outputs: number, groups: number): void {
  checkCount(layer, "inputs", inputs);
  checkCount(layer, "outputs", outputs);
  checkCount(layer, "groups", groups);
  if (inputs % groups === 0 && outputs % groups === 0) return;
  throw new ArgumentError(
    `${layer}: ${inputs} inputs and ${outputs} outputs do not divide into ${groups} groups; give a divisor of both.`,
  );
}

/** x: [N, inputs, L] to [N, outputs, L'], L' = floor((L + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. */
export class Conv1d extends Convolution {
  constructor(inputs: number, outputs: number, options: ConvolutionLayerOptions) {
    super({ layer: "Conv1d", convolve: conv1d, axes: ["length"], spatial: "L" }, inputs, outputs, options);
  }
}

/** x: [N, inputs, H, W] to [N, outputs, H', W'], H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. */
export class Conv2d extends Convolution {
  constructor(inputs: number, outputs: number, options: ConvolutionLayerOptions) {
    super({ layer: "Conv2d", convolve: conv2d, axes: ["height", "width"], spatial: "H, W" }, inputs, outputs, options);
  }
}

/** x: [N, inputs, D, H, W] to [N, outputs, D', H', W'], each extent as Conv2d's. */
export class Conv3d extends Convolution {
  constructor(inputs: number, outputs: number, options: ConvolutionLayerOptions) {
    const axes = ["depth", "height", "width"];
    super({ layer: "Conv3d", convolve: conv3d, axes, spatial: "D, H, W" }, inputs, outputs, options);
  }
}
