/** Answers: a few numbers of each result, by which libraries are held to have computed the same. */

/** At most 64 elements, evenly spread over `values`. */
export function sampleOf(values: ArrayLike<number>): number[] {
  const count = Math.min(64, values.length);
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
}

/** How two answers differ by more than 1e-3 of the largest number, in words; undefined where they agree. */
export function disagreement(ours: readonly number[], theirs: readonly number[]): string | undefined {
  if (ours.length !== theirs.length) return `${ours.length} numbers against ${theirs.length}`;
  const tolerance = 1e-3 * Math.max(...theirs.map(Math.abs));
  const at = theirs.findIndex((value, i) => !(Math.abs(value - ours[i]) <= tolerance));
  return at < 0 ? undefined : `${ours[at]} against ${theirs[at]} at place ${at}`;
}
