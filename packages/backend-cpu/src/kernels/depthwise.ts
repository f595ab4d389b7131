/**
 * Correlation with a single output channel per group, depthwise convolution above all. There is nothing to share
 * between output channels, so the register block of `panels.ts` would run half empty; instead each output row is a sum of
 * input rows times one weight each, three kernel columns at a time.
 */
import { evenly, greatestCommonDivisor } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import { packInputRows, rowsOf } from "./input-rows.ts";
import { type FloatArray, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Writes all outputs that `shape` addresses; its `outputChannels` is 1. */
export function correlateToOneChannel(
  output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation,
): void {
  const { batch, groups, inputChannels, inputHeight, inputWidth, outputHeight, outputWidth } = shape;
  const { kernelHeight, kernelWidth, stride, dilation, top, left } = shape;
  if (batch * outputHeight * outputWidth === 0) return;
  const common = greatestCommonDivisor(stride[0], dilation[0]);
  const classes = Math.min(outputHeight, dilation[0] / common), stripRows = stride[0] / common;
  const columnBlock = evenly(outputWidth, Math.floor(RIGHT_CAPACITY / Math.max(1, kernelHeight)));
  const rowLimit = Math.floor((RIGHT_CAPACITY / columnBlock - kernelHeight) / stripRows) + 1;

  for (let plane = 0; plane < batch * groups; plane++) {
    const image = Math.floor(plane / groups), group = plane % groups;
    for (let rowClass = 0; rowClass < classes; rowClass++) {
      const classRows = Math.ceil((outputHeight - rowClass) / classes);
      const rowBlock = evenly(classRows, rowLimit);
      for (let row = 0; row < classRows; row += rowBlock) {
        const rows = Math.min(rowBlock, classRows - row), firstRow = rowClass + row * classes;
        const inputRows = rowsOf(
          shape, firstRow * stride[0] - top, dilation[0], (rows - 1) * stripRows + kernelHeight,
        );
        for (let column = 0; column < outputWidth; column += columnBlock) {
          const columns = Math.min(columnBlock, outputWidth - column);
          const sums = zeroedSums(rows * columns);
          for (let channel = 0; channel < inputChannels; channel++) {
            const start = (plane * inputChannels + channel) * inputHeight * inputWidth;
            for (let tap = 0; tap < kernelWidth; tap += 3) {
              const column0 = column * stride[1] + tap * dilation[1] - left;
              const column1 = column0 + Math.min(1, kernelWidth - 1 - tap) * dilation[1];
              const column2 = column0 + Math.min(2, kernelWidth - 1 - tap) * dilation[1];
              packInputRows(
                input, start, start, start, column0, column1, column2, stride[1], columns, inputRows, 0,
              );
              // A lane without a weight must hold zeros: zero times infinity would not be zero.
              for (let lane = kernelWidth - tap; lane < 3; lane++) panels.right[lane]!.fill(0);
              for (let tapRow = 0; tapRow < kernelHeight; tapRow++) {
                const { weights: at } = shape;
                const from = at.start + group * at.group + channel * at.inputChannel + tapRow * at.row + tap * at.column;
                const weight0 = weights[from]!;
                const weight1 = tap + 1 < kernelWidth ? weights[from + at.column]! : 0;
                const weight2 = tap + 2 < kernelWidth ? weights[from + 2 * at.column]! : 0;
                // Without a stride between them the rows are one run.
                const runs = stripRows === 1 ? 1 : rows, length = (rows / runs) * columns;
                for (let run = 0; run < runs; run++) {
                  panels.addWeighted(
                    length, (run * stripRows + tapRow) * columns, weight0, weight1, weight2, sums, run * columns,
                  );
                }
              }
            }
          }
          const { start, image: imageStride, channel, row: rowStride, column: columnStride } = shape.output;
          let from = 0;
          for (let line = 0; line < rows; line++) {
            let to = start + image * imageStride + group * channel +
              (firstRow + line * classes) * rowStride + column * columnStride;
            for (const end = from + columns; from < end; from++, to += columnStride) output[to] = sums[from]!;
          }
        }
      }
    }
  }
}
