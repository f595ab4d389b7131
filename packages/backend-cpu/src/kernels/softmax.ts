/**
 * Softmax and its logarithm along the last axis of [rows, n]. Each row's maximum is subtracted first, so that no
 * exponential overflows; exponentials are summed in double precision and rounded once, on writing.
 */
import { exponential } from "./exponential.ts";
import type { FloatArray } from "./panels.ts";
import { createScratch } from "./scratch.ts";

const scratch = /* @__PURE__ */ createScratch();

/** output[row, i] = e^input[row, i] / sum of e^input[row, ...]. */
export function softmax(output: FloatArray, input: FloatArray, rows: number, n: number): void {
  const exponentials = scratch(n);
  for (let row = 0, start = 0; row < rows; row++, start += n) {
    const largest = maximum(input, start, n);
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const value = exponential(input[start + i] - largest);
      exponentials[i] = value;
      sum += value;
    }
    for (let i = 0; i < n; i++) output[start + i] = exponentials[i] / sum;
  }
}

/** output[row, i] = input[row, i] - log of the sum of e^input[row, ...]. */
export function logSoftmax(output: FloatArray, input: FloatArray, rows: number, n: number): void {
  for (let row = 0, start = 0; row < rows; row++, start += n) {
    const largest = maximum(input, start, n);
    let sum = 0;
    for (let i = 0; i < n; i++) sum += exponential(input[start + i] - largest);
    const logarithm = Math.log(sum);
    for (let i = 0; i < n; i++) output[start + i] = input[start + i] - largest - logarithm;
  }
}

/** NaNs are passed over: they spoil the sum. */
function maximum(input: FloatArray, start: number, n: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = start; i < start + n; i++) if (input[i] > largest) largest = input[i];
  return largest;
}
