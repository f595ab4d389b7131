/** Nothing: a placeholder for a layer that is left out. */
import type { Tensor } from "@sconce/core";
import { Module } from "./module.ts";

/** Returns its input. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}
