/** Arithmetic of plain vectors in float64, for optimizers that decide on the host. */

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a + factor b, in a new vector. */
export function plus(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  return a.map((value, i) => value + factor * b[i]);
}

export function scaled(a: Float64Array, factor: number): Float64Array {
  return a.map((value) => factor * value);
}

/** The largest magnitude; 0 of nothing. */
export function largest(a: Float64Array): number {
  let found = 0;
  for (const value of a) {
    if (Number.isNaN(value)) return Number.NaN;
    found = Math.max(found, Math.abs(value));
  }
  return found;
}
