/** Pools of whole feature maps. */
import { globalAveragePool, globalMaxPool, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** The mean of each feature map; x: [N, C, ...] to [N, C] (Lin et al. 2014). */
export class GlobalAveragePool extends Module {
  override forward(x: Tensor): Tensor {
    return globalAveragePool(x);
  }
}

/** The largest element of each feature map; x: [N, C, ...] to [N, C]. */
export class GlobalMaxPool extends Module {
  override forward(x: Tensor): Tensor {
    return globalMaxPool(x);
  }
}
