/**
 * The product of a vector and a matrix. It reads each matrix element once, so there is nothing to pack for; instead the
 * matrix is walked in the order in which it is stored, four lines of its storage at a time.
 */
import type { FloatArray } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** A matrix somewhere in an array, with the distances between its rows and between its columns. */
export interface Matrix {
  readonly values: FloatArray;
  readonly start: number;
  readonly row: number;
  readonly column: number;
}

/** output[start + j] = sum over the depth of vector[p] * matrix[p, j]; the vector is the matrix's first row. */
export function vectorTimesMatrix(
  output: FloatArray,
  start: number,
  vector: Matrix,
  matrix: Matrix,
  columns: number,
  depth: number,
): void {
  // The sums, rounded up to four, and after them the vector in double precision.
  const factors = columns + 3;
  const sums = zeroedSums(factors + depth);
  for (let step = 0, from = vector.start; step < depth; step++, from += vector.column) {
    sums[factors + step] = vector.values[from];
  }
  if (matrix.row === 1) addColumns(sums, factors, matrix, columns, depth);
  else addRows(sums, factors, matrix, columns, depth);
  for (let column = 0; column < columns; column++) output[start + column] = sums[column];
}

/** For a matrix whose columns are contiguous. */
function addColumns(
  sums: Float64Array,
  factors: number,
  { values, start, column: stride }: Matrix,
  columns: number,
  depth: number,
): void {
  for (let column = 0; column < columns; column += 4) {
    // The last column is repeated to make four.
    const last = columns - 1;
    let from0 = start + column * stride;
    let from1 = start + Math.min(column + 1, last) * stride;
    let from2 = start + Math.min(column + 2, last) * stride;
    let from3 = start + Math.min(column + 3, last) * stride;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let step = factors; step < factors + depth; step++) {
      const factor = sums[step];
      sum0 += factor * values[from0++];
      sum1 += factor * values[from1++];
      sum2 += factor * values[from2++];
      sum3 += factor * values[from3++];
    }
    sums[column] = sum0;
    sums[column + 1] = sum1;
    sums[column + 2] = sum2;
    sums[column + 3] = sum3;
  }
}

/** For any other. */
function addRows(
  sums: Float64Array,
  factors: number,
  { values, start, row, column: stride }: Matrix,
  columns: number,
  depth: number,
): void {
  let step = 0;
  for (; step + 3 < depth; step += 4) {
    const factor0 = sums[factors + step];
    const factor1 = sums[factors + step + 1];
    const factor2 = sums[factors + step + 2];
    const factor3 = sums[factors + step + 3];
    let from = start + step * row;
    for (let column = 0; column < columns; column++, from += stride) {
      sums[column] +=
        factor0 * values[from] +
        factor1 * values[from + row] +
        (factor2 * values[from + 2 * row] + factor3 * values[from + 3 * row]);
    }
  }
  for (; step < depth; step++) {
    const factor = sums[factors + step];
    for (let column = 0, from = start + step * row; column < columns; column++, from += stride) {
      sums[column] += factor * values[from];
    }
  }
}
