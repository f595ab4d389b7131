/**
 * Beam search: the most probable sequences among those whose every beginning was among the `beams` most probable of its
 * length (Graves 2012, Sutskever et al. 2014).
 *
 * The beams are the batch of the decoder. A beam that put out the end token leaves with its score, log p divided by
 * ((5 + length) / 6)^lengthPenalty (Wu et al. 2016); the search ends when no beam can overtake what was found. A sequence of the
 * maximum length counts as it is, without its end.
 */
import { ArgumentError, detach, indexSelect, logSoftmax, type Tensor, tensor, tile } from "@sconce/core";
import type { Encoded } from "./encoder.ts";
import type { Found, SearchOptions } from "./greedy-search.ts";
import type { SequenceToSequence } from "./sequence-to-sequence.ts";

export interface BeamSearchOptions extends SearchOptions {
  /** Beginnings that are kept at each step; 4 by default. */
  readonly beams?: number;
  /** 0, the default, compares probabilities; larger values favour longer sequences, 0.6 in Wu et al. 2016. */
  readonly lengthPenalty?: number;
}

/** A sequence with its natural logarithm of probability, and with the score by which it was chosen. */
export interface ScoredSequence extends Pick<Found, "tokens"> {
  readonly logProbability: number;
  readonly score: number;
}

interface Beam {
  readonly tokens: readonly number[];
  readonly logProbability: number;
  /** The row of the batch that it continues. */
  readonly parent: number;
}

/** The best sequences for one `source`, int32 [S, 1], best first, `beams` of them at most. */
export async function beamSearch(
  model: SequenceToSequence,
  source: Tensor,
  { maximumLength, lengths, beams: count = 4, lengthPenalty = 0 }: BeamSearchOptions,
): Promise<ScoredSequence[]> {
  if (source.rank !== 2 || source.shape[1] !== 1) {
    throw new ArgumentError(
      `beamSearch: source has shape [${source.shape.join(", ")}]; it searches for one sequence, [S, 1]. Take a column with source.narrow(1, n, 1).`,
    );
  }
  if (!Number.isInteger(count) || count < 1) {
    throw new ArgumentError(`beamSearch: beams is ${count}; give a whole number of at least 1.`);
  }
  const score = ({ tokens, logProbability }: Beam): number =>
    logProbability / ((5 + tokens.length) / 6) ** lengthPenalty;
  const encoded = await repeated(model.encoder.forward(source, lengths), count);
  const lastTokens = (beams: readonly Beam[]): Tensor =>
    tensor(
      Array.from({ length: count }, (_, row) => beams[row]?.tokens.at(-1) ?? model.startToken),
      { dtype: "int32" },
    );
  let state = model.decoder.start(encoded);
  // All rows are alike at first; one of them goes on.
  let beams: Beam[] = [{ tokens: [], logProbability: 0, parent: 0 }];
  const finished: Beam[] = [];
  for (let length = 0; length < maximumLength && beams.length > 0; length++) {
    const step = model.decoder.step(lastTokens(beams), state, encoded);
    const scores = logSoftmax(step.logits);
    const next = await detach(step.state);
    const probabilities = await scores.data();
    const candidates = beams
      .flatMap((beam, row) => continued(beam, row, probabilities, model.decoder.vocabulary))
      .sort((a, b) => b.logProbability - a.logProbability)
      .slice(0, count);
    const over = (beam: Beam): boolean => beam.tokens.at(-1) === model.endToken;
    finished.push(...candidates.filter(over).map((beam) => ({ ...beam, tokens: beam.tokens.slice(0, -1) })));
    beams = candidates.filter((beam) => !over(beam));
    const parents = Array.from({ length: count }, (_, row) => beams[row]?.parent ?? 0);
    state = indexSelect(next, tensor(parents, { dtype: "int32" }), 0);
    if (lengthPenalty === 0 && settled(finished, beams, count)) break;
  }
  return [...finished, ...beams]
    .map((beam) => ({ tokens: beam.tokens, logProbability: beam.logProbability, score: score(beam) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count);
}

/** Each continuation of a beam by one token. */
function continued(beam: Beam, row: number, logProbabilities: ArrayLike<number>, vocabulary: number): Beam[] {
  return Array.from({ length: vocabulary }, (_, token) => ({
    tokens: [...beam.tokens, token],
    logProbability: beam.logProbability + logProbabilities[row * vocabulary + token],
    parent: row,
  }));
}

/** Whether `count` sequences are over and none that goes on is more probable than the last of them. */
function settled(finished: readonly Beam[], beams: readonly Beam[], count: number): boolean {
  if (finished.length < count) return false;
  const best = finished.map(({ logProbability }) => logProbability).sort((a, b) => b - a);
  return beams.every(({ logProbability }) => logProbability <= best[count - 1]);
}

/** One encoded sequence `count` times, computed once. */
async function repeated({ output, context, mask }: Encoded, count: number): Promise<Encoded> {
  return {
    output: await detach(tile(output, [count, 1, 1])),
    context: await detach(tile(context, [count, 1])),
    mask: mask && (await detach(tile(mask, [count, 1]))),
  };
}
