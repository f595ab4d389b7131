/**
 * Pools whose output size is given: bin i of an axis reaches from floor(i in / out) to ceil((i + 1) in / out).
 *
 * Where the bins are equal they are ordinary pools. Otherwise the axes are pooled one after the other, the last first,
 * which keeps the first maximum in row-major order the one that is chosen.
 */
import { toFloat } from "../../dtype.ts";
import { ShapeError } from "../../errors.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { perAxis } from "../convolution/windows.ts";
import { iota } from "../creation/iota.ts";
import { add, divide, floorDivide, maximum, multiply, subtract } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { greaterEqual, less, logicalAnd } from "../elementwise/comparison.ts";
import { where } from "../elementwise/where.ts";
import { gather } from "../indexing/gather.ts";
import { moveAxis } from "../movement/pad.ts";
import { unsqueeze } from "../movement/reshape.ts";
import { argmax } from "../reduction/argmax.ts";
import { sum } from "../reduction/reduce.ts";
import { avgPool1d, avgPool2d, checkRank, maxPool1d, maxPool2d } from "./functions.ts";

interface Bins {
  /** First element of each bin, int32 [out]. */
  readonly start: Tensor;
  /** One past the last, int32 [out]. */
  readonly end: Tensor;
  /** Whether an element is in a bin, bool [out, in]. */
  readonly inside: Tensor;
}

function binsOf(extent: number, count: number): Bins {
  const number = iota([count]);
  const start = floorDivide(multiply(number, extent), count);
  const end = floorDivide(add(multiply(add(number, 1), extent), count - 1), count);
  const position = iota([count, extent], 1);
  const inside = logicalAnd(greaterEqual(position, unsqueeze(start, 1)), less(position, unsqueeze(end, 1)));
  return { start, end, inside };
}

/** Pools the last axis of `x` into `count` bins. */
type PoolLast = (x: Tensor, count: number) => Tensor;

const averageLast: PoolLast = (x, count) => {
  const { start, end, inside } = binsOf(x.shape[x.rank - 1], count);
  return divide(sum(where(inside, unsqueeze(x, -2), 0), { axes: -1 }), cast(subtract(end, start), x.dtype));
};

const maxLast: PoolLast = (x, count) => {
  const { start, inside } = binsOf(x.shape[x.rank - 1], count);
  const found = argmax(where(inside, unsqueeze(x, -2), Number.NEGATIVE_INFINITY), { axis: -1 });
  // In a bin of nothing but -Infinity the first maximum would lie before the bin.
  return gather(x, maximum(found, start), -1);
};

type OrdinaryPool = (x: Tensor, options: { readonly kernelSize: readonly number[] }) => Tensor;

function adaptivePool(
  op: string,
  axes: number,
  x: Tensor,
  outputSize: number | readonly number[],
  poolLast: PoolLast,
  ordinary: OrdinaryPool,
): Tensor {
  checkRank(op, axes, x);
  const counts = perAxis(op, "outputSize", outputSize, axes, 1);
  const spatial = x.shape.slice(2);
  if (spatial.includes(0))
    throw new ShapeError(`${op}: input ${formatShape(x.shape)} has an empty spatial axis; there is nothing to pool.`);
  const data = cast(x, toFloat(x.dtype));
  if (counts.every((count, i) => spatial[i] % count === 0))
    return ordinary(data, { kernelSize: counts.map((count, i) => spatial[i] / count) });
  return counts.reduceRight(
    (pooled, count, i) => moveAxis(poolLast(moveAxis(pooled, 2 + i, -1), count), -1, 2 + i),
    data,
  );
}

/** The means of `outputSize` bins of x [N, C, L]: [N, C, outputSize]. */
export function adaptiveAvgPool1d(x: Tensor, outputSize: number): Tensor {
  return adaptivePool("adaptiveAvgPool1d", 1, x, outputSize, averageLast, avgPool1d);
}

/** The means of bins of x [N, C, H, W]: [N, C, ...outputSize]. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: number | readonly [height: number, width: number]): Tensor {
  return adaptivePool("adaptiveAvgPool2d", 2, x, outputSize, averageLast, avgPool2d);
}

/** The largest elements of `outputSize` bins of x [N, C, L]: [N, C, outputSize]. */
export function adaptiveMaxPool1d(x: Tensor, outputSize: number): Tensor {
  return adaptivePool("adaptiveMaxPool1d", 1, x, outputSize, maxLast, maxPool1d);
}

/** The largest elements of bins of x [N, C, H, W]: [N, C, ...outputSize]. */
export function adaptiveMaxPool2d(x: Tensor, outputSize: number | readonly [height: number, width: number]): Tensor {
  return adaptivePool("adaptiveMaxPool2d", 2, x, outputSize, maxLast, maxPool2d);
}
