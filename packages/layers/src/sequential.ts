/** A chain of layers, each given the result of the one before. */
import { ArgumentError, type Tensor } from "@sconce/core";
import { type Layer, Module } from "./module.ts";

/** Layers named by their index: `model[0]` holds the variables `0.weight` and `0.bias`. Assigning `model[0]` replaces a layer. */
export class Sequential extends Module {
  [index: number]: Layer;

  constructor(...layers: readonly Layer[]) {
    super();
    layers.forEach((layer, i) => {
      if (!(layer instanceof Module)) {
        throw new ArgumentError(
          `Sequential: argument ${i} is ${String(layer)}, not a module; give a layer such as new ReLU().`,
        );
      }
      this[i] = layer;
    });
  }

  /** The number of layers. */
  get length(): number {
    let count = 0;
    while (count in this) count++;
    return count;
  }

  override forward(x: Tensor): Tensor {
    let y = x;
    for (let i = 0; i in this; i++) y = this[i].forward(y);
    return y;
  }
}
