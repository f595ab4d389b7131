/**
 * Derivatives by differences, for comparison only.
 *
 * Five points, f'(x) = (8 (f(x + h) - f(x - h)) - (f(x + 2h) - f(x - 2h))) / 12 h, are exact up to h^4, so that in
 * float64 truncation and rounding both stay near 1e-12. The step is a power of two: points that a narrower float can hold
 * stay such points.
 */
import type { HostArray } from "@sconce/core";

export const step: number = 2 ** -10;

const stencil = [
  { at: 1, weight: 8 / 12 },
  { at: -1, weight: -8 / 12 },
  { at: 2, weight: -1 / 12 },
  { at: -2, weight: 1 / 12 },
];

/** Several lists of numbers that a function has at one point. */
export type Values = readonly ArrayLike<number>[];

/** d/dt of each number that `evaluate` gives at point(t), at t = 0. */
export async function derivative(evaluate: (t: number) => Promise<Values>): Promise<Float64Array[]> {
  let result: Float64Array[] = [];
  for (const { at, weight } of stencil) {
    const values = await evaluate(at * step);
    if (result.length === 0) result = values.map((list) => new Float64Array(list.length));
    values.forEach((list, which) => {
      for (let i = 0; i < list.length; i++) result[which][i] += (weight / step) * list[i];
    });
  }
  return result;
}

/** `arrays` moved by t along `directions`. */
export function along(arrays: readonly HostArray[], directions: readonly ArrayLike<number>[], t: number): HostArray[] {
  return arrays.map((array, which) => ({
    ...array,
    data: Float64Array.from(array.data, (x, i) => x + t * directions[which][i]),
  }));
}

/** `arrays` with one coordinate moved by t. */
export function moved(arrays: readonly HostArray[], which: number, coordinate: number, t: number): HostArray[] {
  return arrays.map((array, i) => {
    const data = Float64Array.from(array.data);
    if (i === which) data[coordinate] += t;
    return { ...array, data };
  });
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
