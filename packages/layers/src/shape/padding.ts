/** Padding of images on their four sides. */
import { ArgumentError, formatShape, type PadOptions, pad, ShapeError, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** One number for all sides, or one for each; negative numbers cut (ZeroPad2d only). */
export type ImagePadding = number | readonly [left: number, right: number, top: number, bottom: number];

/** What the paddings of all modes share. */
abstract class Pad2d extends Module {
  readonly #layer: string;
  readonly #sides: readonly number[];
  readonly #mode: PadOptions["mode"];

  constructor(layer: string, mode: PadOptions["mode"], padding: ImagePadding) {
    super();
    this.#layer = layer;
    this.#sides = typeof padding === "number" ? [padding, padding, padding, padding] : [...padding];
    this.#mode = mode;
    if (this.#sides.length !== 4 || !this.#sides.every(Number.isInteger)) {
      throw new ArgumentError(
        `${layer}: padding is [${this.#sides.join(", ")}]; give one whole number, or [left, right, top, bottom].`,
      );
    }
  }

  override forward(x: Tensor): Tensor {
    if (x.rank !== 4) {
      throw new ShapeError(
        `${this.#layer}: x has shape ${formatShape(x.shape)}; it must be [N, C, H, W]. Add a batch axis with x.unsqueeze(0).`,
      );
    }
    const [left, right, top, bottom] = this.#sides;
    return pad(
      x,
      [
        [0, 0],
        [0, 0],
        [top, bottom],
        [left, right],
      ],
      { mode: this.#mode },
    );
  }
}

/** Surrounds images with zeros; x: [N, C, H, W] to [N, C, H + top + bottom, W + left + right]. */
export class ZeroPad2d extends Pad2d {
  constructor(padding: ImagePadding) {
    super("ZeroPad2d", "constant", padding);
  }
}

/** Continues images by their mirror image, without repeating the edge; x: [N, C, H, W] to [N, C, H + top + bottom, W + left + right]. */
export class ReflectionPad2d extends Pad2d {
  constructor(padding: ImagePadding) {
    super("ReflectionPad2d", "reflect", padding);
  }
}

/** Repeats the edges of images; x: [N, C, H, W] to [N, C, H + top + bottom, W + left + right]. */
export class ReplicationPad2d extends Pad2d {
  constructor(padding: ImagePadding) {
    super("ReplicationPad2d", "edge", padding);
  }
}
