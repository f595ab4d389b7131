/** Sums and sums of squared distances from the mean, as addon/moments/moments.h describes them. */
import type { OpRequest } from "@sconce/core";
import type { MomentsAttributes } from "../optimize/moments.ts";
import { isPlainFloat } from "./index.ts";

export function describeMoments(request: OpRequest): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { extents, strides } = request.attributes as MomentsAttributes;
  if (strides.some((stride) => stride < 0) || (strides[0] !== 1 && strides[2] !== 1)) return undefined;
  return extents.flatMap((extent, i) => [extent, strides[i]]);
}
