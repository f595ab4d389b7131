/** Convolution over one or two spatial axes and its gradients, as addon/dnnl/convolution.h describes them. */
import type { ConvolutionAttributes, NestEpilogue, OpRequest, Shape } from "@sconce/core";
import type { LaidOutRequest } from "../optimize/orders.ts";
import { isPlainFloat } from "./index.ts";
import { describePooling } from "./pooling.ts";
import { describePostOperations, hasSlowSteps } from "./post-operations.ts";

export interface JoinedAttributes {
  /** The convolutions, in the order of their channels. */
  readonly parts: readonly LaidOutRequest[];
}

export interface StripsAttributes {
  /** Convolutions and maximum pools, each of the result of the one before. */
  readonly parts: readonly LaidOutRequest[];
}

/** Convolutions and pools of each other's results, as addon/dnnl/convolution.h describes them. */
export function describeStrips(request: OpRequest, bfloat16: boolean): readonly number[] | undefined {
  const { parts } = request.attributes as StripsAttributes;
  if (bfloat16 || parts.some(hasSlowSteps)) return undefined;
  const described = parts.map((part) =>
    part.op === "maxPool" ? describePooling(part) : describeConvolution(part, bfloat16),
  );
  if (!described.every((part) => part !== undefined)) return undefined;
  return [parts.length, ...described.flatMap((part, i) => [Number(parts[i].op === "maxPool"), ...part])];
}

/** Convolutions that write channels of one result, as addon/convolution/joined.h describes them. */
export function describeJoinedConvolutions(request: OpRequest, bfloat16: boolean): readonly number[] | undefined {
  const { parts } = request.attributes as JoinedAttributes;
  const description: number[] = [parts.length];
  let start = 0;
  for (const part of parts) {
    const layout = { inputs: [], output: false, ...part.layout, distance: request.output.shape[1] };
    const own = describeConvolution({ ...part, layout } as LaidOutRequest, bfloat16);
    if (!own) return undefined;
    description.push(start, ...own);
    start += part.output.shape[1];
  }
  return description;
}

export function describeConvolution(request: OpRequest, bfloat16: boolean): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { op, inputs, output, attributes } = request;
  const [first, second] = inputs.map(({ shape }) => shape);
  const [x, weight]: [Shape, Shape] =
    op === "convolution"
      ? [first, second]
      : op === "convolutionInputGradient"
        ? [output.shape, second]
        : [first, output.shape];
  const axes = x.length - 2;
  const { stride, padding, dilation, groups } = attributes as ConvolutionAttributes;
  if (axes > 2 || padding.flat().some((n) => n < 0)) return undefined;
  /** A single axis is the width, beside a height of `single`. */
  const both = <Item>(list: readonly Item[], single: Item): [Item, Item] =>
    list.length === 2 ? [list[0], list[1]] : [single, list[0]];
  const [vertical, horizontal] = both(padding, [0, 0]);
  // Operands of one value per position are not known to the convolutions that lie channels-last.
  const after = op === "convolution" ? describePostOperations(request) : [];
  const byPosition = (request.epilogue as NestEpilogue | undefined)?.operands.includes("column");
  if (!after || byPosition || (op !== "convolution" && request.epilogue)) return undefined;
  const { layout } = request as LaidOutRequest;
  const [xLast, yLast] =
    op === "convolution"
      ? [layout?.inputs[0], layout?.output]
      : op === "convolutionInputGradient"
        ? [layout?.output, layout?.inputs[0]]
        : [layout?.inputs[0], layout?.inputs[1]];
  return [
    x[0],
    x[1],
    ...both(x.slice(2), 1),
    weight[0],
    ...both(weight.slice(2), 1),
    ...both(stride, 1),
    vertical[0],
    horizontal[0],
    vertical[1],
    horizontal[1],
    ...both(dilation, 1),
    groups,
    Number(xLast ?? false),
    Number(yLast ?? false),
    Number(bfloat16),
    ...(op === "convolution" ? [layout?.distance ?? weight[0]] : []),
    ...after,
  ];
}
