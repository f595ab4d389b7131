/** Transposed convolution, the adjoint of a convolution: every input element adds its multiple of the kernel to the output (Zeiler et al. 2010). */
import {
  convTranspose1d,
  convTranspose2d,
  formatShape,
  type Param,
  ShapeError,
  type Tensor,
  type TransposedConvolutionOptions,
} from "@sconce/core";
import { extents } from "../check.ts";
import { defaultBias, defaultWeight } from "../initializers.ts";
import { Module } from "../module.ts";
import { type ConvolutionLayerOptions, checkChannels } from "./convolution.ts";

export interface TransposedConvolutionLayerOptions extends Omit<ConvolutionLayerOptions, "padding"> {
  /** Taken from both sides of each axis of the output. */
  readonly padding?: number | readonly number[];
  /** Added to one side of the output, to choose among the sizes that a strided convolution maps to one. */
  readonly outputPadding?: number | readonly number[];
}

/** A transposed convolution of one rank: the layer's name, the function it applies, and the names of its axes. */
interface Rank {
  readonly layer: string;
  readonly convolve: (x: Tensor, weight: Tensor, options: TransposedConvolutionOptions) => Tensor;
  readonly axes: readonly string[];
  /** The axes in x's shape. */
  readonly spatial: string;
}

/** What the transposed convolutions of all ranks share. */
abstract class TransposedConvolution extends Module {
  /** [inputs, outputs / groups, ...kernel]. */
  readonly weight: Param;
  /** [outputs]. */
  readonly bias: Param | undefined;
  readonly #rank: Rank;
  readonly #options: TransposedConvolutionOptions;

  constructor(rank: Rank, inputs: number, outputs: number, options: TransposedConvolutionLayerOptions) {
    super();
    const { kernelSize, stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1, bias = true } = options;
    checkChannels(rank.layer, inputs, outputs, groups);
    const shape = [inputs, outputs / groups, ...extents(rank.layer, "kernelSize", kernelSize, rank.axes)];
    this.weight = this.newParam(shape, options.weightInitializer ?? defaultWeight);
    if (bias) this.bias = this.newParam([outputs], options.biasInitializer ?? defaultBias(shape));
    this.#rank = rank;
    this.#options = { stride, padding, outputPadding, dilation, groups };
  }

  override forward(x: Tensor): Tensor {
    const { layer, axes, spatial, convolve } = this.#rank;
    const [inputs] = this.weight.shape;
    if (x.rank !== axes.length + 2 || x.shape[1] !== inputs) {
      throw new ShapeError(
        `${layer}: x has shape ${formatShape(x.shape)}; it must be [N, ${inputs}, ${spatial}] for ${this.weight}. ` +
          "Add a batch axis with x.unsqueeze(0); move channels forward with x.moveAxis(-1, 1).",
      );
    }
    return convolve(x, this.weight.value, { ...this.#options, bias: this.bias?.value });
  }
}

/** x: [N, inputs, L] to [N, outputs, L'], L' = (L - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1. */
export class ConvTranspose1d extends TransposedConvolution {
  constructor(inputs: number, outputs: number, options: TransposedConvolutionLayerOptions) {
    super(
      { layer: "ConvTranspose1d", convolve: convTranspose1d, axes: ["length"], spatial: "L" },
      inputs,
      outputs,
      options,
    );
  }
}

/** x: [N, inputs, H, W] to [N, outputs, H', W'], H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + outputPadding + 1. */
export class ConvTranspose2d extends TransposedConvolution {
  constructor(inputs: number, outputs: number, options: TransposedConvolutionLayerOptions) {
    const axes = ["height", "width"];
    super({ layer: "ConvTranspose2d", convolve: convTranspose2d, axes, spatial: "H, W" }, inputs, outputs, options);
  }
}
