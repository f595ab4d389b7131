/** The integer arithmetic of tilings and strides. */

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

/** The largest block of at most `limit` that cuts `extent` into pieces of nearly equal size. */
export function evenly(extent: number, limit: number): number {
  return Math.ceil(extent / Math.ceil(extent / Math.max(1, Math.min(limit, extent)))) || 1;
}

export function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
