/**
 * Batched matrix product `output[b] = op(left[b]) op(right[b])`, where `op` may transpose: the correlation of an image of
 * one row, whose channels are the rows of the right matrix, with 1 by 1 kernels, the rows of the left matrix.
 */
import { correlate } from "./correlation.ts";
import type { FloatArray } from "./panels.ts";
import { vectorTimesMatrix } from "./vector-product.ts";

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

/** Products at regular distances. */
interface Batch {
  readonly count: number;
  readonly left: number;
  readonly right: number;
  readonly output: number;
}

const SINGLE: BatchOffsets = { left: [0], right: [0], output: [0] };

/** Writes every matrix of `output` that `offsets` names; a depth of zero gives zeros. */
export function matmul(
  output: FloatArray,
  left: FloatArray,
  right: FloatArray,
  shape: MatmulShape,
  offsets: BatchOffsets = SINGLE,
): void {
  const { m, n, k, transposeLeft } = shape;
  const count = offsets.output.length;
  if (count * m * n === 0) return;
  for (let first = 0; first < count; ) {
    const batch = regularBatch(offsets, first);
    const starts = { left: offsets.left[first], right: offsets.right[first], output: offsets.output[first] };
    // Rows that follow each other through the batch, all times one matrix, are the rows of one product.
    const merge = !transposeLeft && batch.right === 0 && batch.left === m * k && batch.output === m * n;
    if (merge) multiply(output, left, right, { ...shape, m: m * batch.count }, starts, { ...batch, count: 1 });
    else multiply(output, left, right, shape, starts, batch);
    first += batch.count;
  }
}

/** The longest part of the batch from `first` on whose matrices lie at regular distances. */
function regularBatch({ left, right, output }: BatchOffsets, first: number): Batch {
  // Zero beyond the end, where it does not matter.
  const distance = (offsets: ArrayLike<number>, at: number): number =>
    at < output.length ? offsets[at] - offsets[at - 1] : 0;
  const strides = {
    left: distance(left, first + 1),
    right: distance(right, first + 1),
    output: distance(output, first + 1),
  };
  let end = first + 1;
  while (
    end < output.length &&
    distance(left, end) === strides.left &&
    distance(right, end) === strides.right &&
    distance(output, end) === strides.output
  ) {
    end++;
  }
  return { count: end - first, ...strides };
}

function multiply(
  output: FloatArray,
  left: FloatArray,
  right: FloatArray,
  { m, n, k, transposeLeft, transposeRight }: MatmulShape,
  starts: Omit<Batch, "count">,
  batch: Batch,
): void {
  const leftRow = transposeLeft ? 1 : k;
  const leftColumn = transposeLeft ? m : 1;
  const rightRow = transposeRight ? 1 : n;
  const rightColumn = transposeRight ? k : 1;
  if (m > 1 && n > 1) {
    correlate(output, right, left, {
      batch: 1,
      groups: batch.count,
      inputChannels: k,
      inputHeight: 1,
      inputWidth: n,
      outputChannels: m,
      outputHeight: 1,
      outputWidth: n,
      kernelHeight: 1,
      kernelWidth: 1,
      stride: [1, 1],
      dilation: [1, 1],
      top: 0,
      left: 0,
      input: { start: starts.right, image: 0, group: batch.right, channel: rightRow, row: 0, column: rightColumn },
      weights: {
        start: starts.left,
        group: batch.left,
        outputChannel: leftRow,
        inputChannel: leftColumn,
        row: 0,
        column: 0,
      },
      output: { start: starts.output, image: 0, group: batch.output, channel: n, row: 0, column: 1 },
    });
    return;
  }
  for (let index = 0; index < batch.count; index++) {
    const start = starts.output + index * batch.output;
    const x = { values: left, start: starts.left + index * batch.left, row: leftRow, column: leftColumn };
    const y = { values: right, start: starts.right + index * batch.right, row: rightRow, column: rightColumn };
    if (m === 1) vectorTimesMatrix(output, start, x, y, n, k);
    else vectorTimesMatrix(output, start, { ...y, column: y.row }, { ...x, row: x.column, column: x.row }, m, k);
  }
}
