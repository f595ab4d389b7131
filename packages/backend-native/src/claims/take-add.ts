/** Adding slices at positions, the gradient of embeddings, as addon/indexing/take_add.h describes it. */
import type { OpRequest } from "@sconce/core";
import { sizeOf } from "@sconce/core";

export function describeTakeAdd({ inputs, output, attributes }: OpRequest): readonly number[] | undefined {
  const [updates, positions] = inputs;
  if (updates.dtype !== "float32" || [updates, positions, output].some(({ shape }) => shape.includes(0)))
    return undefined;
  const { axis, extent } = attributes as { readonly axis: number; readonly extent: number };
  return [sizeOf(output.shape.slice(0, axis)), extent, sizeOf(positions.shape), sizeOf(output.shape.slice(axis + 1))];
}
