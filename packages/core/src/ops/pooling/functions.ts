/** Pools as called by users: options as PyTorch has them. */
import { toFloat } from "../../dtype.ts";
import { ArgumentError, ShapeError } from "../../errors.ts";
import { apply } from "../../op.ts";
import { formatShape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { perAxis } from "../convolution/windows.ts";
import { cast } from "../elementwise/cast.ts";
import { reshape } from "../movement/reshape.ts";
import { mean } from "../reduction/statistics.ts";
import { averagePoolOp } from "./average-pool.ts";
import type { PoolAttributes } from "./geometry.ts";
import { maxPoolOp } from "./max-pool.ts";

interface PoolOptions {
  readonly kernelSize: number | readonly number[];
  /** The kernel size by default. */
  readonly stride?: number | readonly number[];
  /** Added on both sides of each axis; at most half the kernel. */
  readonly padding?: number | readonly number[];
  /** Lets the last window hang over the end, as long as it starts inside. */
  readonly ceilMode?: boolean;
}

export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: number | readonly number[];
}

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts as elements (the default). */
  readonly countIncludePad?: boolean;
}

function geometry(op: string, axes: number, x: Tensor, options: MaxPoolOptions): PoolAttributes {
  checkRank(op, axes, x);
  const kernel = perAxis(op, "kernelSize", options.kernelSize, axes, 1);
  const stride = perAxis(op, "stride", options.stride ?? kernel, axes, 1);
  const padding = perAxis(op, "padding", options.padding ?? 0, axes, 0);
  const dilation = perAxis(op, "dilation", options.dilation ?? 1, axes, 1);
  if (padding.some((n, i) => n > Math.floor(((kernel[i] - 1) * dilation[i] + 1) / 2))) {
    throw new ArgumentError(
      `${op}: padding ${formatShape(padding)} is more than half the kernel ${formatShape(kernel)}, so a window could hold nothing else; use less padding or pad first.`,
    );
  }
  return {
    kernel,
    stride,
    padding: padding.map((n) => [n, n] as const),
    dilation,
    ceilMode: options.ceilMode ?? false,
  };
}

/** Checks that `x` is [N, C, ...] with `axes` spatial axes. */
export function checkRank(op: string, axes: number, x: Tensor): void {
  if (x.rank === axes + 2) return;
  throw new ShapeError(
    `${op}: input ${formatShape(x.shape)} needs ${axes + 2} axes: [batch, channels, ${axes === 1 ? "length" : "height, width"}]. ` +
      "Add a batch axis with x.unsqueeze(0).",
  );
}

function maxPool(op: string, axes: number, x: Tensor, options: MaxPoolOptions): Tensor {
  return apply(maxPoolOp, [cast(x, toFloat(x.dtype))], geometry(op, axes, x, options));
}

function averagePool(op: string, axes: number, x: Tensor, options: AveragePoolOptions): Tensor {
  const attributes = { ...geometry(op, axes, x, options), countIncludePad: options.countIncludePad ?? true };
  return apply(averagePoolOp, [cast(x, toFloat(x.dtype))], attributes);
}

/** The largest element of each window of x [N, C, L]: [N, C, L'], L' = floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1. */
export function maxPool1d(x: Tensor, options: MaxPoolOptions): Tensor {
  return maxPool("maxPool1d", 1, x, options);
}

/** The largest element of each window of x [N, C, H, W]: [N, C, H', W']. */
export function maxPool2d(x: Tensor, options: MaxPoolOptions): Tensor {
  return maxPool("maxPool2d", 2, x, options);
}

/** The mean of each window of x [N, C, L]: [N, C, L']. */
export function avgPool1d(x: Tensor, options: AveragePoolOptions): Tensor {
  return averagePool("avgPool1d", 1, x, options);
}

/** The mean of each window of x [N, C, H, W]: [N, C, H', W']. */
export function avgPool2d(x: Tensor, options: AveragePoolOptions): Tensor {
  return averagePool("avgPool2d", 2, x, options);
}

/** The mean over all spatial axes of x [N, C, ...]: [N, C]. */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, { axes: spatialAxes("globalAveragePool", x) });
}

/** The largest element over all spatial axes of x [N, C, ...]: [N, C]. */
export function globalMaxPool(x: Tensor): Tensor {
  const axes = spatialAxes("globalMaxPool", x);
  const kernel = axes.map((axis) => x.shape[axis]);
  const attributes = {
    kernel,
    stride: kernel,
    padding: kernel.map(() => [0, 0] as const),
    dilation: kernel.map(() => 1),
    ceilMode: false,
  };
  return reshape(apply(maxPoolOp, [cast(x, toFloat(x.dtype))], attributes), x.shape.slice(0, 2));
}

function spatialAxes(op: string, x: Tensor): number[] {
  if (x.rank < 3 || x.shape.slice(2).includes(0)) {
    throw new ShapeError(
      `${op}: input ${formatShape(x.shape)}; it needs at least one spatial axis, none of them empty: [batch, channels, ...spatial].`,
    );
  }
  return x.shape.map((_, axis) => axis).slice(2);
}
