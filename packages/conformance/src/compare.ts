/** Comparing numbers: NaN equals NaN, infinities must agree, and everything else within a tolerance. */
import type { DType } from "@sconce/core";

/** What rounding to a dtype may change, relative to the number: half the distance between neighbours. */
export function roundingOf(dtype: DType): number {
  const bits = { float64: 53, float32: 24, float16: 11 } as Partial<Record<DType, number>>;
  const precision = bits[dtype];
  return precision === undefined ? 0 : 2 ** -precision;
}

/** Whether `actual` is `expected`, up to `tolerance`; zeros of both signs are equal. */
export function isClose(actual: number, expected: number, tolerance: number): boolean {
  if (Number.isNaN(expected)) return Number.isNaN(actual);
  if (!Number.isFinite(expected)) return actual === expected;
  return actual === expected || Math.abs(actual - expected) <= tolerance;
}

/** Throws at the first element that is not close; `describe` says where it is, for the message. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number | ((element: number) => number),
  describe: (element: number) => string,
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${describe(0)}: there are ${actual.length} elements instead of ${expected.length}.`);
  }
  for (let i = 0; i < expected.length; i++) {
    const allowed = typeof tolerance === "number" ? tolerance : tolerance(i);
    if (isClose(actual[i], expected[i], allowed)) continue;
    const margin = allowed > 0 ? ` within ${allowed.toPrecision(3)}` : "";
    throw new Error(`${describe(i)}: ${show(actual[i])} instead of ${show(expected[i])}${margin}.`);
  }
}

function show(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The largest magnitude of the finite elements. */
export function scaleOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++)
    if (Number.isFinite(values[i])) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}
