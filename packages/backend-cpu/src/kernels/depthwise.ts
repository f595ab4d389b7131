/**
 * Correlation with one input and one output channel per group: depthwise convolution. There is nothing to share between
 * output channels, so the register block of `panels.ts` would run half empty; instead each output row is a sum of input
 * rows times one weight each, three kernel columns at a time.
 */
import { cut, greatestCommonDivisor, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import { packInputRows, rowsOf } from "./input-rows.ts";
import { type FloatArray, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Writes all outputs that `shape` addresses. */
export function correlateDepthwise(
  output: FloatArray,
  input: FloatArray,
  weights: FloatArray,
  shape: Correlation,
): void {
  const { batch, groups, outputHeight, outputWidth, kernelHeight, stride, dilation } = shape;
  // As in `correlate`: rows that agree modulo the dilation are a problem of their own.
  const common = greatestCommonDivisor(stride[0], dilation[0]);
  const classes = dilation[0] / common;
  const strip = stride[0] / common;
  const columnBlocks = cut(outputWidth, Math.floor(RIGHT_CAPACITY / Math.max(1, kernelHeight)));
  const columnLimit = RIGHT_CAPACITY / Math.max(1, ...columnBlocks.map(sizeOfRange));
  const rowLimit = Math.floor((columnLimit - kernelHeight) / strip) + 1;
  for (let first = 0; first < Math.min(classes, outputHeight); first++) {
    for (const rows of cut(Math.ceil((outputHeight - first) / classes), rowLimit)) {
      for (const columns of columnBlocks) {
        for (let plane = 0; plane < batch * groups; plane++) {
          const firstRow = first + rows.begin * classes;
          const sums = zeroedSums(sizeOfRange(rows) * sizeOfRange(columns));
          addTaps(sums, input, weights, shape, plane, firstRow, sizeOfRange(rows), columns, strip);
          writeRows(output, sums, shape, plane, firstRow, sizeOfRange(rows), columns, classes);
        }
      }
    }
  }
}

/** Computes `rows` output rows of a class, the first of which is `firstRow`. */
function addTaps(
  sums: Float64Array,
  input: FloatArray,
  weights: FloatArray,
  shape: Correlation,
  plane: number,
  firstRow: number,
  rows: number,
  columns: Range,
  strip: number,
): void {
  const { kernelHeight, kernelWidth, stride, dilation, weights: at } = shape;
  const start = plane * shape.inputHeight * shape.inputWidth;
  const count = sizeOfRange(columns);
  const inputRows = rowsOf(shape, firstRow * stride[0] - shape.top, dilation[0], (rows - 1) * strip + kernelHeight);
  // Without a stride between them the rows are one run.
  const runs = strip === 1 ? 1 : rows;
  const length = (rows / runs) * count;
  for (let tap = 0; tap < kernelWidth; tap += 3) {
    const taps = Math.min(3, kernelWidth - tap);
    const inputColumns = [0, 1, 2].map(
      (lane) => columns.begin * stride[1] + (tap + Math.min(lane, taps - 1)) * dilation[1] - shape.left,
    );
    packInputRows(input, [start, start, start], inputColumns, stride[1], count, inputRows, 0);
    // A lane without a weight must hold zeros: zero times infinity would not be zero.
    for (let lane = taps; lane < 3; lane++) panels.right[lane].fill(0);
    for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
      const from = at.start + (plane % shape.groups) * at.group + tapRow * at.row + tap * at.column;
      const weight1 = taps > 1 ? weights[from + at.column] : 0;
      const weight2 = taps > 2 ? weights[from + 2 * at.column] : 0;
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
  firstRow: number,
  rows: number,
  columns: Range,
  classes: number,
): void {
  const channelStart = stride.start + Math.floor(plane / groups) * stride.image + (plane % groups) * stride.channel;
  const step = stride.column;
  let from = 0;
  for (let row = 0; row < rows; row++) {
    let to = channelStart + (firstRow + row * classes) * stride.row + columns.begin * step;
    for (let column = columns.begin; column < columns.end; column++, from = (from + 1) | 0, to = (to + step) | 0) {
      output[to] = sums[from];
    }
  }
}
