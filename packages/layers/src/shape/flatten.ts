/** Joins axes into one. */
import { flatten, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** Joins the axes from `start` to `end` (included); x: [N, C, H, W] to [N, C H W] by default. */
export class Flatten extends Module {
  readonly #start: number;
  readonly #end: number;

  constructor(start = 1, end = -1) {
    super();
    this.#start = start;
    this.#end = end;
  }

  override forward(x: Tensor): Tensor {
    return flatten(x, this.#start, this.#end);
  }
}
