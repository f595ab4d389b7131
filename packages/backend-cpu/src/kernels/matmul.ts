/**
 * Batched matrix product `output[b] = op(left[b]) op(right[b])`, where `op` may transpose.
 *
 * The blocked algorithm of Goto and van de Geijn ("Anatomy of High-Performance Matrix Multiplication", 2008) over the
 * register block in `panels.ts`: a depth by columns block of the right matrix is packed once and stays in cache while
 * blocks of left rows stream past it. Sums are kept in double scratch over all depth blocks and rounded once.
 * A product with a single row or column reads each matrix element once, so it skips the packing.
 */
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

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
const STEP_BLOCK = 64;
const ROW_BLOCK = 1024;
const SUMS = 1 << 18;

/** Writes every matrix of `output` that `batch` names; a depth of zero gives zeros. */
export function matmul(
  output: FloatArray,
  left: FloatArray,
  right: FloatArray,
  shape: MatmulShape,
  batch: BatchOffsets = SINGLE,
): void {
  const { m, n, k } = shape;
  if (m === 0 || n === 0) return;
  const leftRow = shape.transposeLeft ? 1 : k;
  const leftStep = shape.transposeLeft ? m : 1;
  const rightColumn = shape.transposeRight ? k : 1;
  const rightStep = shape.transposeRight ? 1 : n;
  for (let b = 0; b < batch.output.length; b++) {
    const leftStart = batch.left[b],
      rightStart = batch.right[b],
      outputStart = batch.output[b];
    if (m === 1) {
      vectorProduct(output, outputStart, left, leftStart, leftStep, right, rightStart, rightColumn, rightStep, n, k);
    } else if (n === 1) {
      vectorProduct(output, outputStart, right, rightStart, rightStep, left, leftStart, leftRow, leftStep, m, k);
    } else {
      blockedProduct(
        output,
        outputStart,
        left,
        leftStart,
        leftRow,
        leftStep,
        right,
        rightStart,
        rightColumn,
        rightStep,
        m,
        n,
        k,
      );
    }
  }
}

function blockedProduct(
  output: FloatArray,
  outputStart: number,
  left: FloatArray,
  leftStart: number,
  leftRow: number,
  leftStep: number,
  right: FloatArray,
  rightStart: number,
  rightColumn: number,
  rightStep: number,
  m: number,
  n: number,
  k: number,
): void {
  const depthBlock = Math.ceil(k / Math.ceil(k / DEPTH_BLOCK)) || 1;
  const rowBlock = Math.min(m, ROW_BLOCK);
  const columnBlock = 3 * Math.min(Math.floor(RIGHT_CAPACITY / depthBlock), Math.ceil(SUMS / 3 / rowBlock));
  const packedRows = 2 * Math.floor(LEFT_CAPACITY / depthBlock);
  for (let column = 0; column < n; column += columnBlock) {
    const columns = Math.min(columnBlock, n - column);
    const rightStrips = Math.ceil(columns / 3);
    for (let row = 0; row < m; row += rowBlock) {
      const rows = Math.min(rowBlock, m - row);
      const stripSize = 3 * rows;
      const sums = zeroedSums(stripSize * rightStrips);
      for (let step = 0; step < k; step += depthBlock) {
        const depth = Math.min(depthBlock, k - step);
        packColumns(
          right,
          rightStart + column * rightColumn + step * rightStep,
          rightColumn,
          columns,
          rightStep,
          depth,
        );
        for (let packed = 0; packed < rows; packed += packedRows) {
          const count = Math.min(packedRows, rows - packed);
          packRows(left, leftStart + (row + packed) * leftRow + step * leftStep, leftRow, count, leftStep, depth);
          for (let strip = 0; strip < rightStrips; strip++) {
            panels.multiply(depth, 0, depth, count, strip * depth, sums, strip * stripSize + packed * 3);
          }
        }
      }
      writeBlock(output, outputStart + row * n + column, n, sums, rows, columns, stripSize);
    }
  }
}

/** An incomplete last strip repeats the last row, whose results go unread; so does `packColumns`. */
function packRows(
  source: FloatArray,
  start: number,
  rowStride: number,
  rows: number,
  stepStride: number,
  depth: number,
): void {
  // Short runs of steps keep the cache lines that are read across a transposed matrix until the next strip wants them.
  for (let step = 0; step < depth; step += STEP_BLOCK) {
    const steps = Math.min(STEP_BLOCK, depth - step);
    for (let row = 0, to = step; row < rows; row += 2, to += depth) {
      const from = start + step * stepStride + row * rowStride;
      panels.packLeft(source, from, row + 1 < rows ? from + rowStride : from, stepStride, to, steps);
    }
  }
}

function packColumns(
  source: FloatArray,
  start: number,
  columnStride: number,
  columns: number,
  stepStride: number,
  depth: number,
): void {
  for (let step = 0; step < depth; step += STEP_BLOCK) {
    const steps = Math.min(STEP_BLOCK, depth - step);
    for (let column = 0, to = step; column < columns; column += 3, to += depth) {
      const from = start + step * stepStride + column * columnStride;
      const from1 = column + 1 < columns ? from + columnStride : from;
      panels.packRight(
        source,
        from,
        from1,
        column + 2 < columns ? from1 + columnStride : from,
        stepStride,
        to,
        1,
        steps,
      );
    }
  }
}

function writeBlock(
  output: FloatArray,
  start: number,
  rowStride: number,
  sums: Float64Array,
  rows: number,
  columns: number,
  stripSize: number,
): void {
  for (let row = 0; row < rows; row++) {
    let target = start + row * rowStride;
    const end = target + columns;
    for (let from = row * 3; target < end; from += stripSize, target += 3) {
      output[target] = sums[from];
      if (target + 1 < end) output[target + 1] = sums[from + 1];
      if (target + 2 < end) output[target + 2] = sums[from + 2];
    }
  }
}

/**
 * output[j] = sum over p of vector[p] * matrix[p, j], walking the matrix in the order in which it is stored, four rows
 * of its storage at a time; the last ones are repeated with a factor of zero or with their results unread.
 */
function vectorProduct(
  output: FloatArray,
  outputStart: number,
  vector: FloatArray,
  vectorStart: number,
  vectorStep: number,
  matrix: FloatArray,
  matrixStart: number,
  columnStride: number,
  stepStride: number,
  columns: number,
  depth: number,
): void {
  const sums = zeroedSums(columns + 3 + depth);
  const factors = columns + 3;
  for (let step = 0; step < depth; step++) sums[factors + step] = vector[vectorStart + step * vectorStep];
  if (stepStride === 1) {
    for (let column = 0; column < columns; column += 4) {
      const last = columns - 1;
      let from0 = matrixStart + column * columnStride;
      let from1 = matrixStart + Math.min(column + 1, last) * columnStride;
      let from2 = matrixStart + Math.min(column + 2, last) * columnStride;
      let from3 = matrixStart + Math.min(column + 3, last) * columnStride;
      let sum0 = 0,
        sum1 = 0,
        sum2 = 0,
        sum3 = 0;
      for (let step = 0; step < depth; step++) {
        const factor = sums[factors + step];
        sum0 += factor * matrix[from0++];
        sum1 += factor * matrix[from1++];
        sum2 += factor * matrix[from2++];
        sum3 += factor * matrix[from3++];
      }
      sums[column] = sum0;
      sums[column + 1] = sum1;
      sums[column + 2] = sum2;
      sums[column + 3] = sum3;
    }
  } else {
    let step = 0;
    for (; step + 3 < depth; step += 4) {
      const factor0 = sums[factors + step],
        factor1 = sums[factors + step + 1];
      const factor2 = sums[factors + step + 2],
        factor3 = sums[factors + step + 3];
      let from = matrixStart + step * stepStride;
      for (let column = 0; column < columns; column++, from += columnStride) {
        sums[column] =
          sums[column] +
          factor0 * matrix[from] +
          factor1 * matrix[from + stepStride] +
          (factor2 * matrix[from + 2 * stepStride] + factor3 * matrix[from + 3 * stepStride]);
      }
    }
    for (; step < depth; step++) {
      const factor = sums[factors + step];
      for (let column = 0, from = matrixStart + step * stepStride; column < columns; column++, from += columnStride) {
        sums[column] = sums[column] + factor * matrix[from];
      }
    }
  }
  for (let column = 0; column < columns; column++) output[outputStart + column] = sums[column];
}
