/** The integer arithmetic of blocks and strides. */

/** From `begin` up to but not including `end`. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Which of `count` positions `first`, `first + step`, ... lie in an axis of `extent` elements. */
export function insideRange(first: number, step: number, count: number, extent: number): Range {
  const begin = Math.min(count, Math.max(0, Math.ceil(-first / step)));
  return { begin, end: Math.max(begin, Math.min(count, Math.ceil((extent - first) / step))) };
}

/** Cuts 0..extent into pieces of nearly equal size, none larger than `limit` or than the first. */
export function cut(extent: number, limit: number): Range[] {
  const size = Math.ceil(extent / Math.ceil(extent / Math.max(1, Math.min(limit, extent))));
  const pieces: Range[] = [];
  for (let begin = 0; begin < extent; begin += size) pieces.push({ begin, end: Math.min(extent, begin + size) });
  return pieces;
}

export function sizeOfRange({ begin, end }: Range): number {
  return end - begin;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
