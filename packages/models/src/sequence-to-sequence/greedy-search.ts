/** The most probable token at each step, one after the other. */
import { evaluateAll, type Tensor } from "@sconce/core";
import type { SequenceToSequence } from "./sequence-to-sequence.ts";

export interface SearchOptions {
  /** Tokens at most; the end token is not counted. */
  readonly maximumLength: number;
  /** int32 [N]: the steps of each source sequence, all by default. */
  readonly lengths?: Tensor;
}

/** A sequence that was found. */
export interface Found {
  /** Without the start and end tokens. */
  readonly tokens: readonly number[];
  /** How much each of them took of each source step; attention only. */
  readonly weights?: readonly (readonly number[])[];
}

/** Decodes each column of `source`, int32 [S, N], in one program of `maximumLength` steps, and cuts at the end token. */
export async function greedySearch(
  model: SequenceToSequence,
  source: Tensor,
  { maximumLength, lengths }: SearchOptions,
): Promise<Found[]> {
  const { tokens, weights } = model.forward(source, { target: maximumLength, lengths });
  await evaluateAll(...(weights ? [tokens, weights] : [tokens]));
  const rows = (await tokens.transpose().array()) as number[][];
  const looks = weights && ((await weights.transpose(0, 1).array()) as number[][][]);
  return rows.map((row, n) => {
    const end = row.indexOf(model.endToken);
    const found = end < 0 ? row : row.slice(0, end);
    return { tokens: found, ...(looks && { weights: looks[n].slice(0, found.length) }) };
  });
}
