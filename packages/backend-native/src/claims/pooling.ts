/** Maximum and average pools over one or two axes and their gradients, as addon/pooling/pooling.h describes them. */
import type { OpRequest, WindowAttributes } from "@sconce/core";
import type { LaidOutRequest } from "../optimize/orders.ts";
import { isPlainFloat } from "./index.ts";

interface PoolAttributes extends WindowAttributes {
  readonly padding: readonly (readonly [number, number])[];
  readonly countIncludePad?: boolean;
  /** Of maxPoolGradient: whether the gradient is 0 where the maximum is not positive; see optimize/rectified-pools.ts. */
  readonly rectified?: boolean;
}

export function describePooling(request: OpRequest): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { op, inputs, output } = request;
  const { kernel, stride, padding, dilation, countIncludePad, rectified } = request.attributes as PoolAttributes;
  const pooled = op === "maxPoolGradient" ? inputs[1] : op === "averagePoolGradient" ? inputs[0] : output;
  const whole = op === "averagePoolGradient" ? output : inputs[0];
  const [batch, channels, ...spatial] = whole.shape;
  if (spatial.length > 2) return undefined;
  const counts = pooled.shape.slice(2);
  const axes = spatial.map((extent, i) => [extent, counts[i], kernel[i], stride[i], ...padding[i], dilation[i]]);
  if (axes.length === 1) axes.unshift([1, 1, 1, 1, 0, 0, 1]);
  const { output: isLast = false, images = 1 } = (request as LaidOutRequest).layout ?? {};
  // Images that lie side by side are to a pool what channels are when they lie last.
  const [outer, inner] = images > 1 ? [(batch / images) * channels, images] : [batch, channels];
  return [outer, inner, ...axes.flat(), Number(isLast), Number(countIncludePad ?? true), Number(rectified ?? false)];
}
