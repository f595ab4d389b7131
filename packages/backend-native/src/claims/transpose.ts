/** Matrices transposed, one per leading position, as addon/movement/transpose.h describes them. */
import type { OpRequest } from "@sconce/core";
import { isPlainFloat } from "./index.ts";

export function describeTranspose(request: OpRequest): readonly number[] | undefined {
  return isPlainFloat(request) ? request.inputs[0].shape : undefined;
}
