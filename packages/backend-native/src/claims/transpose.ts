/** Matrices transposed, as addon/movement/transpose.h describes them. */
import type { OpRequest } from "@sconce/core";
import { isPlainFloat } from "./index.ts";

export interface TransposeAttributes {
  readonly matrices: number;
  readonly rows: number;
  readonly columns: number;
}

export function describeTranspose(request: OpRequest): readonly number[] | undefined {
  if (!isPlainFloat(request)) return undefined;
  const { matrices, rows, columns } = request.attributes as TransposeAttributes;
  return [matrices, rows, columns];
}
