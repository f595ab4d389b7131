/** The check of inputs that attention layers share. */
import { formatShape, type Shape, ShapeError, type Tensor } from "@sconce/core";

/** Refuses inputs that are not query [..., L, queries], key [..., S, keys] and value [..., S, V]. */
export function checkWidths(layer: string, query: Tensor, key: Tensor, value: Tensor, [queries, keys]: Shape): void {
  const ranks = query.rank >= 2 && key.rank >= 2 && value.rank >= 2;
  if (ranks && query.shape.at(-1) === queries && key.shape.at(-1) === keys && value.shape.at(-2) === key.shape.at(-2))
    return;
  throw new ShapeError(
    `${layer}: query ${formatShape(query.shape)}, key ${formatShape(key.shape)} and value ${formatShape(value.shape)} do not fit; ` +
      `they must be [..., L, ${queries}], [..., S, ${keys}] and [..., S, V]. A single query [N, ${queries}] gets its axis with query.unsqueeze(1).`,
  );
}
