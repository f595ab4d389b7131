/** Activations as modules, for use in Sequential. */
import { relu, type Tensor } from "@sconce/core";
import { Module } from "./module.ts";

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}
