/** Joining arrays of any dtype, as addon/movement/concatenate.h describes it. */
import type { OpRequest, Shape } from "@sconce/core";
import { bytesPerElement, sizeOf } from "@sconce/core";
import type { LaidOutRequest } from "../optimize/orders.ts";

export function describeConcatenate(request: OpRequest): readonly number[] | undefined {
  const { inputs, output, attributes } = request;
  if ([...inputs, output].some(({ shape }) => shape.includes(0))) return undefined;
  const { axis } = attributes as { readonly axis: number };
  const isLast = (request as LaidOutRequest).layout?.output ?? false;
  const order = output.shape.map((_, i) => i);
  // In memory, channels come after the positions.
  if (isLast) order.push(...order.splice(1, 1));
  const at = order.indexOf(axis);
  const inMemory = (shape: Shape): number[] => order.map((i) => shape[i]);
  return [
    bytesPerElement(output.dtype),
    sizeOf(inMemory(output.shape).slice(0, at)),
    inputs.length,
    ...inputs.map(({ shape }) => sizeOf(inMemory(shape).slice(at))),
  ];
}
