/**
 * Batched matrix product `output[b] = op(left[b]) op(right[b])`, where `op` may transpose.
 *
 * The blocked algorithm of Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication", 2008) over the
 * register block in `panels.ts`: a block of columns of the right matrix is packed once and stays in cache while blocks of
 * left rows stream past it. Sums are kept in double precision over all blocks of depth and rounded once.
 */
import { cut, type Range, sizeOfRange } from "./arithmetic.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";
import { type Matrix, vectorTimesMatrix } from "./vector-product.ts";

/** Extents of one product: `op(left)` is [m, k], `op(right)` is [k, n], the output is [m, n], all row-major. */
export interface MatmulShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** The left matrix is stored as [k, m]. */
  readonly transposeLeft?: boolean;
  /** The right matrix is stored as [n, k]. */
  readonly transposeRight?: boolean;
}

/** Where each matrix of a batch starts, in elements. Equal offsets broadcast an operand. */
export interface BatchOffsets {
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  readonly output: ArrayLike<number>;
}

const SINGLE: BatchOffsets = { left: [0], right: [0], output: [0] };
/** Longest depth that is packed at once: 2 + 3 lanes of it fit in a 32 kB first-level cache. */
const DEPTH_BLOCK = 512;
const ROW_BLOCK = 1024;
const SUMS = 1 << 18;
/** Steps packed of one strip before the next one's turn: the cache lines read across a matrix wait for it. */
const PACKED_STEPS = 64;

/** Writes every matrix of `output` that `batch` names; a depth of zero gives zeros. */
export function matmul(
  output: FloatArray,
  left: FloatArray,
  right: FloatArray,
  shape: MatmulShape,
  batch: BatchOffsets = SINGLE,
): void {
  const { n, k, transposeLeft, transposeRight } = shape;
  const count = batch.output.length;
  const merged = !transposeLeft && continuesRows(shape, batch);
  const m = merged ? shape.m * count : shape.m;
  if (m === 0 || n === 0) return;
  for (let index = 0; index < (merged ? 1 : count); index++) {
    const x: Matrix = {
      values: left,
      start: batch.left[index],
      row: transposeLeft ? 1 : k,
      column: transposeLeft ? m : 1,
    };
    const y: Matrix = {
      values: right,
      start: batch.right[index],
      row: transposeRight ? 1 : n,
      column: transposeRight ? k : 1,
    };
    const start = batch.output[index];
    if (m === 1) vectorTimesMatrix(output, start, x, y, n, k);
    else if (n === 1) vectorTimesMatrix(output, start, transpose(y), transpose(x), m, k);
    else multiplyBlocks(output, start, x, y, m, n, k);
  }
}

/** Whether all products have the same right matrix, and left and output rows that follow each other: they are one product. */
function continuesRows({ m, n, k }: MatmulShape, { left, right, output }: BatchOffsets): boolean {
  for (let index = 1; index < output.length; index++) {
    if (right[index] !== right[0]) return false;
    if (left[index] !== left[0] + index * m * k || output[index] !== output[0] + index * m * n) return false;
  }
  return output.length > 0;
}

function transpose({ values, start, row, column }: Matrix): Matrix {
  return { values, start, row: column, column: row };
}

function multiplyBlocks(
  output: FloatArray,
  outputStart: number,
  left: Matrix,
  right: Matrix,
  m: number,
  n: number,
  k: number,
): void {
  const depthBlocks = cut(k, DEPTH_BLOCK);
  const depthLimit = Math.max(1, ...depthBlocks.map(sizeOfRange));
  const rowBlocks = cut(m, ROW_BLOCK);
  const stripLimit = Math.min(RIGHT_CAPACITY / depthLimit, SUMS / (3 * sizeOfRange(rowBlocks[0])));
  const columnLimit = 3 * Math.max(1, Math.floor(stripLimit));
  const packedLimit = 2 * Math.floor(LEFT_CAPACITY / depthLimit);
  for (let column = 0; column < n; column += columnLimit) {
    const columns = { begin: column, end: Math.min(n, column + columnLimit) };
    const strips = Math.ceil(sizeOfRange(columns) / 3);
    for (const rows of rowBlocks) {
      const rowCount = sizeOfRange(rows);
      const sums = zeroedSums(strips * rowCount * 3);
      for (const steps of depthBlocks) {
        const depth = sizeOfRange(steps);
        packColumns(right, columns, steps);
        for (let first = rows.begin; first < rows.end; first += packedLimit) {
          const packed = { begin: first, end: Math.min(rows.end, first + packedLimit) };
          packRows(left, packed, steps);
          for (let strip = 0; strip < strips; strip++) {
            const to = (strip * rowCount + first - rows.begin) * 3;
            panels.multiply(depth, 0, depth, sizeOfRange(packed), strip * depth, sums, to);
          }
        }
      }
      writeBlock(output, outputStart + rows.begin * n + column, n, sums, rowCount, sizeOfRange(columns));
    }
  }
}

/** An incomplete last strip repeats its first row, whose results go unread; so does `packColumns`. */
function packRows({ values, start, row: rowStride, column: stepStride }: Matrix, rows: Range, steps: Range): void {
  for (let step = steps.begin; step < steps.end; step += PACKED_STEPS) {
    const count = Math.min(PACKED_STEPS, steps.end - step);
    let to = step - steps.begin;
    for (let row = rows.begin; row < rows.end; row += 2, to += sizeOfRange(steps)) {
      const from = start + row * rowStride + step * stepStride;
      panels.packLeft(values, from, row + 1 < rows.end ? from + rowStride : from, stepStride, to, count);
    }
  }
}

function packColumns(
  { values, start, row: stepStride, column: columnStride }: Matrix,
  columns: Range,
  steps: Range,
): void {
  for (let step = steps.begin; step < steps.end; step += PACKED_STEPS) {
    const count = Math.min(PACKED_STEPS, steps.end - step);
    let to = step - steps.begin;
    for (let column = columns.begin; column < columns.end; column += 3, to += sizeOfRange(steps)) {
      const from = start + column * columnStride + step * stepStride;
      const from1 = column + 1 < columns.end ? from + columnStride : from;
      const from2 = column + 2 < columns.end ? from + 2 * columnStride : from;
      panels.packRight(values, from, from1, from2, stepStride, to, 1, count);
    }
  }
}

/** Sums, [strip][row][3], to the output. */
function writeBlock(
  output: FloatArray,
  start: number,
  rowStride: number,
  sums: Float64Array,
  rows: number,
  columns: number,
): void {
  for (let row = 0; row < rows; row++) {
    let to = start + row * rowStride;
    const end = to + columns;
    for (let from = row * 3; to < end; from += rows * 3, to += 3) {
      output[to] = sums[from];
      if (to + 1 < end) output[to + 1] = sums[from + 1];
      if (to + 2 < end) output[to + 2] = sums[from + 2];
    }
  }
}
