/** Two-dimensional convolution (cross-correlation, as everywhere in the field): y[o] = sum over c of w[o, c] * x[c], plus b[o]. */
import {
  ArgumentError,
  type ConvolutionOptions,
  conv2d,
  formatShape,
  type Param,
  ShapeError,
  type Tensor,
} from "@sconce/core";
import { checkCount, pair } from "./check.ts";
import { defaultBias, defaultWeight, type Initializer } from "./initializers.ts";
import { Module } from "./module.ts";

export interface Conv2dOptions {
  /** One number, or [height, width]; so are stride, padding and dilation. */
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

/** x: [N, inputs, H, W] to [N, outputs, H', W'], H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. */
export class Conv2d extends Module {
  /** [outputs, inputs / groups, height, width]. */
  readonly weight: Param;
  /** [outputs]. */
  readonly bias: Param | undefined;
  readonly #options: ConvolutionOptions;

  constructor(inputs: number, outputs: number, options: Conv2dOptions) {
    super();
    const {
      kernelSize,
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
      weightInitializer,
      biasInitializer,
    } = options;
    checkCount("Conv2d", "inputs", inputs);
    checkCount("Conv2d", "outputs", outputs);
    checkCount("Conv2d", "groups", groups);
    if (inputs % groups !== 0 || outputs % groups !== 0) {
      throw new ArgumentError(
        `Conv2d: ${inputs} inputs and ${outputs} outputs do not divide into ${groups} groups; give a divisor of both.`,
      );
    }
    if (padding === "same" && pair("Conv2d", "stride", stride).some((step) => step !== 1)) {
      throw new ArgumentError(
        'Conv2d: padding "same" keeps the extents only at stride 1; give the padding as a number.',
      );
    }
    const shape = [outputs, inputs / groups, ...pair("Conv2d", "kernelSize", kernelSize)];
    this.weight = this.newParam(shape, weightInitializer ?? defaultWeight);
    if (bias) this.bias = this.newParam([outputs], biasInitializer ?? defaultBias(shape));
    this.#options = { stride, padding, dilation, groups };
  }

  override forward(x: Tensor): Tensor {
    const inputs = this.weight.shape[1] * (this.#options.groups ?? 1);
    if (x.rank !== 4 || x.shape[1] !== inputs) {
      throw new ShapeError(
        `Conv2d: x has shape ${formatShape(x.shape)}; it must be [N, ${inputs}, H, W] for ${this.weight}. ` +
          "Add a batch axis with x.unsqueeze(0); move channels forward with x.permute([0, 3, 1, 2]).",
      );
    }
    return conv2d(x, this.weight.value, { ...this.#options, bias: this.bias?.value });
  }
}
