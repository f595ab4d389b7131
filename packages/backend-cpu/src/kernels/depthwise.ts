/**
 * Correlation with one input and one output channel per group: depthwise convolution. There is nothing to share between
 * output channels, so the register block of `panels.ts` would run half empty; instead each output row is a sum of input
 * rows times one weight each, three kernel columns at a time.
 */
import { evenly, greatestCommonDivisor } from "./arithmetic.ts";
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
  const { batch, groups, inputHeight, inputWidth, outputHeight, outputWidth, kernelHeight, kernelWidth } = shape;
  const { stride, dilation, top, left, weights: at, output: to } = shape;
  if (batch * outputHeight * outputWidth === 0) return;
  // As in `correlate`: rows that agree modulo the dilation are a problem of their own.
  const common = greatestCommonDivisor(stride[0], dilation[0]);
  const classes = Math.min(outputHeight, dilation[0] / common),
    stripRows = stride[0] / common;
  const columnBlock = evenly(outputWidth, Math.floor(RIGHT_CAPACITY / Math.max(1, kernelHeight)));
  const rowLimit = Math.floor((RIGHT_CAPACITY / columnBlock - kernelHeight) / stripRows) + 1;

  for (let plane = 0; plane < batch * groups; plane++) {
    const image = Math.floor(plane / groups),
      group = plane % groups;
    const planeStart = plane * inputHeight * inputWidth;
    for (let rowClass = 0; rowClass < classes; rowClass++) {
      const classRows = Math.ceil((outputHeight - rowClass) / classes);
      const rowBlock = evenly(classRows, rowLimit);
      for (let row = 0; row < classRows; row += rowBlock) {
        const rows = Math.min(rowBlock, classRows - row),
          firstRow = rowClass + row * classes;
        const inputRows = rowsOf(shape, firstRow * stride[0] - top, dilation[0], (rows - 1) * stripRows + kernelHeight);
        for (let column = 0; column < outputWidth; column += columnBlock) {
          const columns = Math.min(columnBlock, outputWidth - column);
          const sums = zeroedSums(rows * columns);
          for (let tap = 0; tap < kernelWidth; tap += 3) {
            const taps = Math.min(3, kernelWidth - tap);
            const column0 = column * stride[1] + tap * dilation[1] - left;
            const column1 = column0 + Math.min(1, taps - 1) * dilation[1],
              column2 = column0 + (taps - 1) * dilation[1];
            packInputRows(
              input,
              planeStart,
              planeStart,
              planeStart,
              column0,
              column1,
              column2,
              stride[1],
              columns,
              inputRows,
              0,
            );
            // A lane without a weight must hold zeros: zero times infinity would not be zero.
            for (let lane = taps; lane < 3; lane++) panels.right[lane].fill(0);
            for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
              const from = at.start + group * at.group + tapRow * at.row + tap * at.column;
              const weight1 = taps > 1 ? weights[from + at.column] : 0;
              const weight2 = taps > 2 ? weights[from + 2 * at.column] : 0;
              // Without a stride between them the rows are one run.
              const runs = stripRows === 1 ? 1 : rows,
                length = (rows / runs) * columns;
              for (let run = 0; run < runs; run++) {
                panels.addWeighted(
                  length,
                  (run * stripRows + tapRow) * columns,
                  weights[from],
                  weight1,
                  weight2,
                  sums,
                  run * columns,
                );
              }
            }
          }
          const start = to.start + image * to.image + group * to.channel + firstRow * to.row + column * to.column;
          writeRows(output, start, classes * to.row, to.column, sums, rows, columns);
        }
      }
    }
  }
}

function writeRows(
  output: FloatArray,
  start: number,
  rowStep: number,
  columnStep: number,
  sums: Float64Array,
  rows: number,
  columns: number,
): void {
  for (let row = 0, from = 0; row < rows; row++) {
    let to = start + row * rowStep;
    for (const end = from + columns; from < end; from = (from + 1) | 0, to = (to + columnStep) | 0)
      output[to] = sums[from];
  }
}
