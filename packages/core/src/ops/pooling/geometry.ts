/**
 * The geometry that pools share: windows over the last axes of x [N, C, ...spatial], which may hang over the padding.
 *
 * Along an axis there are floor((s + padding - (k - 1) dilation - 1) / stride) + 1 windows; ceilMode rounds up, as long
 * as the last window still starts inside the input or the padding before it (PyTorch's rule).
 */
import { ShapeError } from "../../errors.ts";
import { apply } from "../../op.ts";
import { formatShape, type Shape } from "../../shape.ts";
import type { Tensor } from "../../tensor.ts";
import { foldOp, type WindowAttributes, windowCount, windowsOp } from "../convolution/windows.ts";
import { place, sliceOp } from "../movement/slice.ts";

/** One entry per spatial axis. */
export interface PoolAttributes extends WindowAttributes {
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly ceilMode: boolean;
}

/** How many windows there are along each spatial axis. */
export function poolCounts(x: Shape, { kernel, stride, padding, dilation, ceilMode }: PoolAttributes): number[] {
  return kernel.map((size, i) => {
    const extent = x[2 + i];
    const [before, after] = padding[i];
    const count = windowCount(extent + before + after, size, stride[i], dilation[i]);
    const fits = (count - 1) * stride[i] + (size - 1) * dilation[i] + 1 === extent + before + after;
    return ceilMode && !fits && count * stride[i] < extent + before ? count + 1 : count;
  });
}

/** Shape of the result; throws where no window fits. */
export function poolShape(op: string, x: Shape, attributes: PoolAttributes): Shape {
  const counts = poolCounts(x, attributes);
  if (counts.some((count) => count < 1)) {
    const { kernel, padding, dilation } = attributes;
    throw new ShapeError(
      `${op}: a kernel of ${formatShape(kernel)} with dilation ${formatShape(dilation)} and padding ${formatShape(padding.map(([before]) => before))} ` +
        `does not fit input ${formatShape(x)}; use a smaller kernel, more padding or a larger input.`,
    );
  }
  return [...x.slice(0, 2), ...counts];
}

/** How many elements lie before and after the input along each axis so that all windows fit exactly or with room to spare. */
function margins(x: Shape, attributes: PoolAttributes): readonly (readonly [before: number, after: number])[] {
  const { kernel, stride, padding, dilation } = attributes;
  return poolCounts(x, attributes).map((count, i) => {
    const reach = (count - 1) * stride[i] + (kernel[i] - 1) * dilation[i] + 1;
    return [padding[i][0], Math.max(0, reach - padding[i][0] - x[2 + i])];
  });
}

/** [N, C, ...counts, ...kernel]: the windows of `x`, which `value` surrounds. */
export function poolWindows(x: Tensor, attributes: PoolAttributes, value: number): Tensor {
  const { kernel, stride, dilation } = attributes;
  const around = margins(x.shape, attributes);
  const wide = around.every(([before, after]) => before === 0 && after === 0)
    ? x
    : place(x, {
        shape: [...x.shape.slice(0, 2), ...around.map(([before, after], i) => before + x.shape[2 + i] + after)],
        starts: [0, 0, ...around.map(([before]) => before)],
        steps: x.shape.map(() => 1),
        value,
      });
  return apply(windowsOp, [wide], { kernel, stride, dilation });
}

/** The adjoint of poolWindows: adds windows back into [N, C, ...spatial]; what hangs over is dropped. */
export function poolFold(windows: Tensor, shape: Shape, attributes: PoolAttributes): Tensor {
  const { kernel, stride, dilation } = attributes;
  const around = margins(shape, attributes);
  const spatial = around.map(([before, after], i) => before + shape[2 + i] + after);
  const whole = apply(foldOp, [windows], { kernel, stride, dilation, spatial });
  return apply(sliceOp, [whole], {
    starts: [0, 0, ...around.map(([before]) => before)],
    steps: shape.map(() => 1),
    shape,
  });
}
