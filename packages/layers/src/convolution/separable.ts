/** Convolutions in two steps: each channel over its area, then all channels at each place (Sifre 2014, Howard et al. 2017). */
import type { Tensor } from "@sconce/core";
import { Module } from "../module.ts";
import { Conv2d, type ConvolutionLayerOptions } from "./convolution.ts";

/** A convolution of each channel on its own, `multiplier` results per channel; x: [N, C, H, W] to [N, C multiplier, H', W']. */
export function depthwiseConv2d(
  channels: number,
  { multiplier = 1, ...options }: Omit<ConvolutionLayerOptions, "groups"> & { readonly multiplier?: number },
): Conv2d {
  return new Conv2d(channels, channels * multiplier, { ...options, groups: channels });
}

/** A linear map of the channels at each place: a 1x1 convolution; x: [N, inputs, H, W] to [N, outputs, H', W']. */
export function pointwiseConv2d(
  inputs: number,
  outputs: number,
  options: Omit<ConvolutionLayerOptions, "kernelSize" | "padding" | "dilation"> = {},
): Conv2d {
  return new Conv2d(inputs, outputs, { ...options, kernelSize: 1 });
}

/** depthwiseConv2d, then pointwiseConv2d, each with a bias or neither; x: [N, inputs, H, W] to [N, outputs, H', W']. */
export class DepthwiseSeparableConv2d extends Module {
  readonly depthwise: Conv2d;
  readonly pointwise: Conv2d;

  constructor(inputs: number, outputs: number, options: Omit<ConvolutionLayerOptions, "groups">) {
    super();
    const { bias, weightInitializer, biasInitializer } = options;
    this.depthwise = depthwiseConv2d(inputs, options);
    this.pointwise = pointwiseConv2d(inputs, outputs, { bias, weightInitializer, biasInitializer });
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x));
  }
}
