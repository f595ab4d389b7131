/** Softmax and its logarithm along the last axis, as addon/softmax/softmax.h describes them. */
import type { OpRequest } from "@sconce/core";
import { sizeOf } from "@sconce/core";
import { isPlainFloat } from "./index.ts";

export function describeSoftmax(request: OpRequest): readonly number[] | undefined {
  const { shape } = request.output;
  const { axis } = request.attributes as { readonly axis: number };
  if (!isPlainFloat(request) || axis !== shape.length - 1) return undefined;
  return [sizeOf(shape.slice(0, -1)), shape[axis]];
}
