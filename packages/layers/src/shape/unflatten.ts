/** Splits an axis into several. */
import { formatShape, normalizeAxis, reshape, type Shape, ShapeError, sizeOf, type Tensor } from "@sconce/core";
import { Module } from "../module.ts";

/** Gives an axis the extents `shape`, whose product it has, one of which may be -1; x: [N, C H W] to [N, C, H, W], for example. */
export class Unflatten extends Module {
  readonly #axis: number;
  readonly #shape: Shape;

  constructor(axis: number, shape: Shape) {
    super();
    this.#axis = axis;
    this.#shape = [...shape];
  }

  override forward(x: Tensor): Tensor {
    const axis = normalizeAxis("Unflatten", this.#axis, x.rank);
    const known = sizeOf(this.#shape.filter((extent) => extent !== -1));
    const shape = this.#shape.map((extent) => (extent === -1 ? x.shape[axis] / known : extent));
    if (sizeOf(shape) !== x.shape[axis] || !shape.every((extent) => Number.isInteger(extent) && extent >= 0)) {
      throw new ShapeError(
        `Unflatten: axis ${axis} of ${formatShape(x.shape)} has ${x.shape[axis]} elements, which ${formatShape(this.#shape)} does not divide; give extents whose product is ${x.shape[axis]}.`,
      );
    }
    return reshape(x, [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)]);
  }
}
