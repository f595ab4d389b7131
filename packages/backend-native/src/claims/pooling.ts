/** Maximum and average pools over one or two axes and their gradients, as addon/pooling/pooling.h describes them. */
import type { OpRequest, WindowAttributes } from "@sconce/core";
import type { LaidOutRequest } from "../optimize/channels-last.ts";
import { isPlainFloat } from "./index.ts";

interface PoolAttributes extends WindowAttributes {
  readonly padding: readonly (readonly [number, number])[];
  readonly countIncludePad?: boolean;
}

export function describePooling(request: OpRequest): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { op, inputs, output } = request;
  const { kernel, stride, padding, dilation, countIncludePad } = request.attributes as PoolAttributes;
  const pooled = op === "maxPoolGradient" ? inputs[1] : op === "averagePoolGradient" ? inputs[0] : output;
  const whole = op === "averagePoolGradient" ? output : inputs[0];
  const [batch, channels, ...spatial] = whole.shape;
  if (spatial.length > 2) return undefined;
  const counts = pooled.shape.slice(2);
  const axes = spatial.map((extent, i) => [extent, counts[i], kernel[i], stride[i], ...padding[i], dilation[i]]);
  if (axes.length === 1) axes.unshift([1, 1, 1, 1, 0, 0, 1]);
  const { layout } = request as LaidOutRequest;
  return [batch, channels, ...axes.flat(), Number(layout?.output ?? false), Number(countIncludePad ?? true)];
}
