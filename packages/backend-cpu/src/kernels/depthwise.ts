/**
 * Correlation with one input and one output channel per group: depthwise convolution. There is nothing to share between
 * output channels, so the register block of `panels.ts` would run half empty; instead each output row is a sum of input
 * rows times one weight each, three kernel columns at a time.
 */
import { cut, greatestCommonDivisor, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import { type InputRows, packInputRows, rowsOf } from "./input-rows.ts";
import { type FloatArray, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Output pixels of a plane that are computed at the same time. */
interface Pixels {
  readonly firstRow: number;
  /** Distance between its rows. */
  readonly rowStep: number;
  readonly rows: number;
  readonly columns: Range;
  readonly inputRows: InputRows;
  /** Distance between the first taps of neighbouring rows, in packed input rows. */
  readonly strip: number;
  /** For every three kernel columns, the input columns that they meet first. */
  readonly inputColumns: readonly (readonly number[])[];
}

/** Writes all outputs that `shape` addresses. */
export function correlateDepthwise(
  output: FloatArray,
  input: FloatArray,
  weights: FloatArray,
  shape: Correlation,
): void {
  for (const pixels of cutPixels(shape)) {
    for (let plane = 0; plane < shape.batch * shape.groups; plane++) {
      const sums = zeroedSums(pixels.rows * sizeOfRange(pixels.columns));
      addTaps(sums, input, weights, shape, plane, pixels);
      writeRows(output, sums, shape, plane, pixels);
    }
  }
}

function cutPixels(shape: Correlation): Pixels[] {
  const { outputHeight, outputWidth, kernelHeight, kernelWidth, stride, dilation } = shape;
  // As in `correlate`: rows that agree modulo the dilation are a problem of their own.
  const common = greatestCommonDivisor(stride[0], dilation[0]);
  const rowStep = dilation[0] / common;
  const strip = stride[0] / common;
  const columnBlocks = cut(outputWidth, Math.floor(RIGHT_CAPACITY / Math.max(1, kernelHeight)));
  const columnLimit = RIGHT_CAPACITY / Math.max(1, ...columnBlocks.map(sizeOfRange));
  const rowLimit = Math.floor((columnLimit - kernelHeight) / strip) + 1;
  const blocks: Pixels[] = [];
  for (let first = 0; first < Math.min(rowStep, outputHeight); first++) {
    for (const { begin, end } of cut(Math.ceil((outputHeight - first) / rowStep), rowLimit)) {
      const firstRow = first + begin * rowStep;
      const rows = end - begin;
      const inputRow = firstRow * stride[0] - shape.top;
      const inputRows = rowsOf(shape, inputRow, dilation[0], (rows - 1) * strip + kernelHeight);
      for (const columns of columnBlocks) {
        const inputColumns = Array.from({ length: Math.ceil(kernelWidth / 3) }, (_, index) =>
          [0, 1, 2].map((lane) => {
            const tap = Math.min(index * 3 + lane, kernelWidth - 1);
            return columns.begin * stride[1] + tap * dilation[1] - shape.left;
          }),
        );
        blocks.push({ firstRow, rowStep, rows, columns, inputRows, strip, inputColumns });
      }
    }
  }
  return blocks;
}

function addTaps(
  sums: Float64Array,
  input: FloatArray,
  weights: FloatArray,
  shape: Correlation,
  plane: number,
  { rows, columns, inputRows, strip, inputColumns }: Pixels,
): void {
  const { kernelHeight, kernelWidth, weights: at } = shape;
  const start = plane * shape.inputHeight * shape.inputWidth;
  const planes = [start, start, start];
  const count = sizeOfRange(columns);
  // Without a stride between them the rows are one run.
  const runs = strip === 1 ? 1 : rows;
  const length = (rows / runs) * count;
  for (let tap = 0; tap < kernelWidth; tap += 3) {
    packInputRows(input, planes, inputColumns[tap / 3], shape.stride[1], count, inputRows, 0);
    // A lane without a weight must hold zeros: zero times infinity would not be zero.
    for (let lane = kernelWidth - tap; lane < 3; lane++) panels.right[lane].fill(0, 0, inputRows.count * count);
    for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
      const from = at.start + (plane % shape.groups) * at.group + tapRow * at.row + tap * at.column;
      const weight1 = tap + 1 < kernelWidth ? weights[from + at.column] : 0;
      const weight2 = tap + 2 < kernelWidth ? weights[from + 2 * at.column] : 0;
      for (let run = 0; run < runs; run++) {
        const right = (run * strip + tapRow) * count;
        panels.addWeighted(length, right, weights[from], weight1, weight2, sums, run * count);
      }
    }
  }
}

function writeRows(
  output: FloatArray,
  sums: Float64Array,
  { groups, output: stride }: Correlation,
  plane: number,
  { firstRow, rowStep, rows, columns }: Pixels,
): void {
  const channelStart = stride.start + Math.floor(plane / groups) * stride.image + (plane % groups) * stride.channel;
  const step = stride.column;
  let from = 0;
  for (let row = 0; row < rows; row++) {
    let to = channelStart + (firstRow + row * rowStep) * stride.row + columns.begin * step;
    for (let column = columns.begin; column < columns.end; column++, from = (from + 1) | 0, to = (to + step) | 0) {
      output[to] = sums[from];
    }
  }
}
