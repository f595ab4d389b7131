/**
 * Resizing of feature maps, as PyTorch's `interpolate`: each spatial axis in turn, made of gathered slices.
 *
 * Output position i of an axis lies at input position i p / q (nearest), (i + 1/2) p / q - 1/2 (bilinear), or
 * i (in - 1) / (out - 1) (bilinear with aligned corners), where p / q is in / out, or 1 / scaleFactor if that is given.
 * p and q are whole numbers, so that positions are computed exactly and no rounding moves one to a neighbour.
 */
import { toFloat } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { iota } from "../creation/iota.ts";
import { add, divide, floorDivide, maximum, minimum, multiply, subtract } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { indexSelect } from "../indexing/gather.ts";
import { broadcastTo } from "../movement/broadcast-to.ts";
import { reshape, unsqueeze } from "../movement/reshape.ts";

export interface InterpolateOptions {
  /** The extents wanted, one number for all spatial axes or one per axis. */
  readonly size?: number | readonly number[];
  /** What extents are multiplied by (and rounded down), in place of `size`. */
  readonly scaleFactor?: number | readonly number[];
  /** Copies the nearest element (the default), or blends the two nearest along each axis. */
  readonly mode?: "nearest" | "bilinear";
  /** Bilinear: whether the outermost elements stay where they are, rather than the outer edges; false by default. */
  readonly alignCorners?: boolean;
}

/** How one axis is resized: to `count` elements, a step of the output being numerator / denominator of the input. */
interface Resizing {
  readonly count: number;
  readonly numerator: number;
  readonly denominator: number;
}

/** x [N, C, ...spatial] to [N, C, ...size]; "bilinear" blends along as many axes as there are. */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  const { mode = "nearest", alignCorners = false } = options;
  if (alignCorners && mode === "nearest") {
    throw new ArgumentError(
      'interpolate: alignCorners is true, but mode nearest has no corners to align; use mode: "bilinear".',
    );
  }
  if (x.rank < 3 || x.shape.slice(2).includes(0)) {
    throw new ShapeError(
      `interpolate: input ${formatShape(x.shape)}; it needs at least one spatial axis, none of them empty: [batch, channels, ...spatial].`,
    );
  }
  const data = mode === "nearest" ? x : cast(x, toFloat(x.dtype));
  return x.shape.slice(2).reduce((y, extent, i) => {
    const resizing = resizingOf(x, extent, i, options);
    if (mode === "nearest") return nearest(y, 2 + i, resizing);
    return linear(y, 2 + i, resizing, alignCorners);
  }, data);
}

function resizingOf(x: Tensor, extent: number, i: number, { size, scaleFactor }: InterpolateOptions): Resizing {
  const axes = x.rank - 2;
  const given = size ?? scaleFactor;
  if (
    given === undefined ||
    (size !== undefined && scaleFactor !== undefined) ||
    (typeof given !== "number" && given.length !== axes)
  ) {
    throw new ArgumentError(
      `interpolate: size is ${size}, scaleFactor ${scaleFactor}; give one of them, as one number or ${axes} for input ${formatShape(x.shape)}.`,
    );
  }
  const value = typeof given === "number" ? given : given[i];
  const count = size === undefined ? Math.floor(extent * value) : value;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new ArgumentError(
      `interpolate: ${size === undefined ? "scaleFactor" : "size"} ${value} makes ${count} of ${extent} elements; an axis needs a whole number of at least 1.`,
    );
  }
  if (size !== undefined) return { count, numerator: extent, denominator: count };
  const numerator = smallestDenominator(value);
  return { count, numerator, denominator: Math.round(value * numerator) };
}

/** The smallest n up to 1000 for which n value is whole; 1000 if there is none. */
function smallestDenominator(value: number): number {
  for (let n = 1; n < 1000; n++) {
    if (Math.abs(n * value - Math.round(n * value)) < 1e-9 * n * value) return n;
  }
  return 1000;
}

function nearest(x: Tensor, axis: number, { count, numerator, denominator }: Resizing): Tensor {
  const extent = x.shape[axis];
  if (count === extent && numerator === denominator) return x;
  if (count === extent * (denominator / numerator) && denominator % numerator === 0)
    return repeatEach(x, axis, denominator / numerator);
  const source = floorDivide(multiply(iota([count]), numerator), denominator);
  return indexSelect(x, minimum(source, extent - 1), axis);
}

/** Every element of an axis `times` times in a row: the adjoint is a plain sum. */
function repeatEach(x: Tensor, axis: number, times: number): Tensor {
  const apart = unsqueeze(x, axis + 1);
  const repeated = broadcastTo(
    apart,
    apart.shape.map((extent, a) => (a === axis + 1 ? times : extent)),
  );
  return reshape(
    repeated,
    x.shape.map((extent, a) => (a === axis ? extent * times : extent)),
  );
}

function linear(x: Tensor, axis: number, { count, numerator, denominator }: Resizing, alignCorners: boolean): Tensor {
  const extent = x.shape[axis];
  if (count === extent && (alignCorners || numerator === denominator)) return x;
  // Positions as whole numbers of 1 / parts.
  const parts = alignCorners ? Math.max(1, count - 1) : 2 * denominator;
  const position = alignCorners
    ? multiply(iota([count]), count > 1 ? extent - 1 : 0)
    : maximum(subtract(multiply(add(multiply(iota([count]), 2), 1), numerator), denominator), 0);
  const before = minimum(floorDivide(position, parts), extent - 1);
  const after = minimum(add(before, 1), extent - 1);
  const share = divide(cast(subtract(position, multiply(before, parts)), x.dtype), parts);
  const weight = reshape(share, [count, ...x.shape.slice(axis + 1).map(() => 1)]);
  const low = indexSelect(x, before, axis);
  return add(low, multiply(subtract(indexSelect(x, after, axis), low), weight));
}
