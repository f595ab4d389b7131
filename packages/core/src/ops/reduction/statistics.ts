/** Reductions made of others: means, variances, norms, and truth over axes. */

import { stopGradient } from "../../autograd/stop-gradient.ts";
import { toFloat } from "../../dtype.ts";
import { ArgumentError } from "../../errors.ts";
import { normalizeAxes } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { add, multiply, power, subtract } from "../elementwise/arithmetic.ts";
import { cast } from "../elementwise/cast.ts";
import { equal, logicalNot } from "../elementwise/comparison.ts";
import { abs, exp, log, sqrt } from "../elementwise/unary.ts";
import { where } from "../elementwise/where.ts";
import { reshape } from "../movement/reshape.ts";
import { max, min, type ReduceOptions, sum } from "./reduce.ts";

/** How many elements one result of a reduction combines. */
function countOver(x: Tensor, axes: ReduceOptions["axes"]): number {
  return normalizeAxes("mean", axes, x.rank).reduce((count, axis) => count * x.shape[axis], 1);
}

/** The mean over axes; integers give float32. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return multiply(sum(cast(x, toFloat(x.dtype)), options), 1 / countOver(x, options.axes));
}

export interface VarianceOptions extends ReduceOptions {
  /** Subtracted from the count: 1 gives the unbiased estimate, 0 (the default here) the variance of the data itself. */
  readonly correction?: number;
}

/** The variance over axes, computed from deviations from the mean. */
export function variance(x: Tensor, options: VarianceOptions = {}): Tensor {
  const data = cast(x, toFloat(x.dtype));
  const deviation = subtract(data, mean(data, { axes: options.axes, keepAxes: true }));
  const count = Math.max(0, countOver(x, options.axes) - (options.correction ?? 0));
  return multiply(sum(multiply(deviation, deviation), options), 1 / count);
}

/** log(sum(e^x)) over axes without overflow. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const data = cast(x, toFloat(x.dtype));
  const largest = stopGradient(max(data, { axes: options.axes, keepAxes: true }));
  // Where everything is -Infinity (or something is Infinity) the shift itself must stay finite.
  const shift = where(equal(abs(largest), Number.POSITIVE_INFINITY), 0, largest);
  const total = log(sum(exp(subtract(data, shift)), { axes: options.axes, keepAxes: true }));
  const result = add(total, shift);
  return options.keepAxes ? result : reshape(result, sum(data, options).shape);
}

export interface NormOptions extends ReduceOptions {
  /** The order: 2 by default; 1, Infinity, -Infinity, 0 (the number of non-zeros) or any other positive number. */
  readonly order?: number;
}

/** The vector norm over axes: (sum |x|^p)^(1/p). */
export function norm(x: Tensor, options: NormOptions = {}): Tensor {
  const order = options.order ?? 2;
  if (Number.isNaN(order)) throw new ArgumentError("norm: the order is NaN; give a number such as 1, 2 or Infinity.");
  const data = cast(x, toFloat(x.dtype));
  if (order === 2) return zeroAtZero(sum(multiply(data, data), options), sqrt);
  const size = abs(data);
  if (order === 1) return sum(size, options);
  if (order === Number.POSITIVE_INFINITY) return max(size, options);
  if (order === Number.NEGATIVE_INFINITY) return min(size, options);
  if (order === 0) return sum(cast(logicalNot(equal(data, 0)), data.dtype), options);
  const total = sum(
    zeroAtZero(size, (nonzero) => power(nonzero, order)),
    options,
  );
  return zeroAtZero(total, (nonzero) => power(nonzero, 1 / order));
}

/** fn(x), and 0 where x is 0; the derivative there, which would be infinite, is taken as 0 (as PyTorch does). */
function zeroAtZero(x: Tensor, fn: (nonzero: Tensor) => Tensor): Tensor {
  const isZero = equal(x, 0);
  return where(isZero, 0, fn(where(isZero, 1, x)));
}

/** Whether any element over axes is true (not 0). */
export function any(x: Tensor, options: ReduceOptions = {}): Tensor {
  return max(cast(x, "bool"), options);
}

/** Whether all elements over axes are true (not 0). */
export function all(x: Tensor, options: ReduceOptions = {}): Tensor {
  return min(cast(x, "bool"), options);
}
