/**
 * Squeeze and excitation (Hu et al. 2018): y = x s, where the scale s of each channel follows from the means of all
 * channels by two linear maps, s = scaleActivation(fc2 activation(fc1 mean(x))). Named as in torchvision.
 */
import { multiply, type Tensor } from "@sconce/core";
import { ReLU } from "./activations/rectifiers.ts";
import { Sigmoid } from "./activations/sigmoids.ts";
import type { Conv2d } from "./convolution/convolution.ts";
import { pointwiseConv2d } from "./convolution/separable.ts";
import type { Layer } from "./module.ts";
import { Module } from "./module.ts";
import { AdaptiveAvgPool2d } from "./pooling/adaptive.ts";

export interface SqueezeExcitationOptions {
  /** Between the maps; ReLU by default. */
  readonly activation?: Layer;
  /** After them; Sigmoid by default. */
  readonly scaleActivation?: Layer;
}

/** x: [N, channels, H, W], same result shape. */
export class SqueezeExcitation extends Module {
  readonly avgpool: AdaptiveAvgPool2d = new AdaptiveAvgPool2d(1);
  readonly fc1: Conv2d;
  readonly fc2: Conv2d;
  readonly activation: Layer;
  readonly scaleActivation: Layer;

  constructor(channels: number, squeezed: number, options: SqueezeExcitationOptions = {}) {
    super();
    this.fc1 = pointwiseConv2d(channels, squeezed);
    this.fc2 = pointwiseConv2d(squeezed, channels);
    this.activation = options.activation ?? new ReLU();
    this.scaleActivation = options.scaleActivation ?? new Sigmoid();
  }

  override forward(x: Tensor): Tensor {
    const squeezed = this.activation.forward(this.fc1.forward(this.avgpool.forward(x)));
    return multiply(x, this.scaleActivation.forward(this.fc2.forward(squeezed)));
  }
}
