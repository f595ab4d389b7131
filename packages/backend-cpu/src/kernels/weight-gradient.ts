/**
 * The weight gradient of a convolution: for every weight, the sum over images and pixels of the output gradient times
 * the input pixel that the weight met.
 *
 * As a matrix product [output channels, pixels] x [pixels, taps], a left lane is a channel of the output gradient as it
 * lies in memory, and a right strip is three (input channel, kernel column) pairs: the input rows, shifted by the
 * column. Kernel rows are not packed: theirs is the same lane, read some rows further on. With a stride, kernel rows fall
 * into classes that see different input rows; each class is packed in its turn.
 */
import { evenly, greatestCommonDivisor } from "./arithmetic.ts";
import { type InputRows, packInputRows, rowsOf } from "./input-rows.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** Extents of the convolution; channel counts are per group. */
export interface WeightGradient {
  readonly batch: number;
  readonly groups: number;
  readonly inputChannels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputChannels: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly top: number;
  readonly left: number;
}

const DEPTH_BLOCK = 768;
const SUMS = 1 << 18;

/** A rectangle of output pixels, in several images only if it covers them whole. */
interface Pixels {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

/** Writes `weightGradient`, [groups * output channels, input channels, kernel height, kernel width]. */
export function correlateWeights(
  weightGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  shape: WeightGradient,
): void {
  const { batch, groups, inputChannels, outputChannels, outputHeight, outputWidth, kernelHeight, kernelWidth } = shape;
  const common = greatestCommonDivisor(shape.stride[0], shape.dilation[0]);
  const classes = Math.min(kernelHeight, shape.stride[0] / common),
    tapStep = shape.dilation[0] / common;
  // Rows of a class that lie beyond those of its first tap.
  const extraRows = (Math.ceil(kernelHeight / classes) - 1) * tapStep;
  const columnBlock = evenly(outputWidth, Math.min(DEPTH_BLOCK, Math.floor(RIGHT_CAPACITY / (extraRows + 1))));
  const rowBlock = evenly(outputHeight, Math.floor(DEPTH_BLOCK / columnBlock));
  const imageBlock = kernelHeight > 1 ? 1 : evenly(batch, Math.floor(DEPTH_BLOCK / (outputHeight * outputWidth)));
  const unitSize = imageBlock * (rowBlock + extraRows) * columnBlock;
  const sumsPerStrip = 3 * outputChannels,
    sumsPerUnit = kernelHeight * sumsPerStrip;
  const units = Math.ceil((inputChannels * kernelWidth) / 3);
  const unitsAtOnce = Math.max(1, Math.min(Math.floor(RIGHT_CAPACITY / unitSize), Math.floor(SUMS / sumsPerUnit)));
  const stripsAtOnce = Math.floor(LEFT_CAPACITY / (imageBlock * rowBlock * columnBlock));

  for (let group = 0; group < groups; group++) {
    for (let unit = 0; unit < units; unit += unitsAtOnce) {
      const count = Math.min(unitsAtOnce, units - unit);
      const sums = zeroedSums(count * sumsPerUnit);
      for (let image = 0; image < batch; image += imageBlock) {
        const images = Math.min(imageBlock, batch - image);
        for (let row = 0; row < outputHeight; row += rowBlock) {
          const rows = Math.min(rowBlock, outputHeight - row);
          for (let column = 0; column < outputWidth; column += columnBlock) {
            const columns = Math.min(columnBlock, outputWidth - column);
            const pixels = { image, images, row, rows, column, columns };
            for (let tapClass = 0; tapClass < classes; tapClass++) {
              const inputRows = rowsOf(
                shape,
                row * shape.stride[0] + tapClass * shape.dilation[0] - shape.top,
                shape.stride[0],
                rows + extraRows,
              );
              const { inside } = inputRows;
              packInput(input, shape, group, pixels, unit, count, unitSize, inputRows);
              for (let first = 0; first < outputChannels; first += 2 * stripsAtOnce) {
                const last = Math.min(outputChannels, first + 2 * stripsAtOnce);
                if (tapClass === 0 || last - first < outputChannels) {
                  packOutputGradient(outputGradient, shape, group, pixels, first, last);
                }
                for (let index = 0; index < count; index++) {
                  for (let tap = tapClass, step = 0; tap < kernelHeight; tap += classes, step += tapStep) {
                    // Output rows that this kernel row moves into the padding are skipped; with several images none does.
                    const begin = images > 1 ? 0 : Math.max(0, inside.begin - step);
                    const end = images > 1 ? images * rows : Math.min(rows, inside.end - step);
                    panels.multiply(
                      (end - begin) * columns,
                      begin * columns,
                      images * rows * columns,
                      last - first,
                      index * unitSize + (begin + step) * columns,
                      sums,
                      index * sumsPerUnit + tap * sumsPerStrip + first * 3,
                    );
                  }
                }
              }
            }
          }
        }
      }
      const kernel = kernelHeight * kernelWidth,
        pairs = inputChannels * kernelWidth;
      for (let pair = unit * 3; pair < Math.min(pairs, (unit + count) * 3); pair++) {
        const index = Math.floor(pair / 3) - unit;
        const start =
          group * outputChannels * inputChannels * kernel +
          Math.floor(pair / kernelWidth) * kernel +
          (pair % kernelWidth);
        for (let tap = 0; tap < kernelHeight; tap++) {
          const from = index * sumsPerUnit + tap * sumsPerStrip + (pair % 3);
          for (let channel = 0; channel < outputChannels; channel++) {
            weightGradient[start + channel * inputChannels * kernel + tap * kernelWidth] = sums[from + channel * 3];
          }
        }
      }
    }
  }
}

/** Fills the left lanes with channels `first` to `last` of the group. */
function packOutputGradient(
  outputGradient: FloatArray,
  shape: WeightGradient,
  group: number,
  pixels: Pixels,
  first: number,
  last: number,
): void {
  const { outputChannels, outputWidth } = shape;
  const plane = shape.outputHeight * outputWidth;
  const contiguous = pixels.columns === outputWidth;
  const runs = contiguous ? 1 : pixels.rows,
    length = contiguous ? pixels.rows * outputWidth : pixels.columns;
  let to = 0;
  for (let channel = first; channel < last; channel += 2) {
    const next = channel + 1 < last ? plane : 0;
    for (let image = pixels.image; image < pixels.image + pixels.images; image++) {
      let from =
        ((image * shape.groups + group) * outputChannels + channel) * plane + pixels.row * outputWidth + pixels.column;
      for (let run = 0; run < runs; run++, from += outputWidth, to += length) {
        panels.packLeft(outputGradient, from, from + next, 1, to, length);
      }
    }
  }
}

/** Fills the right lanes with the input rows that the first kernel row of a class sees, and those below. */
function packInput(
  input: FloatArray,
  shape: WeightGradient,
  group: number,
  pixels: Pixels,
  unit: number,
  units: number,
  unitSize: number,
  rows: InputRows,
): void {
  const { inputChannels, kernelWidth } = shape;
  const plane = shape.inputHeight * shape.inputWidth;
  const last = inputChannels * kernelWidth - 1;
  for (let index = 0; index < units; index++) {
    const pair0 = (unit + index) * 3,
      pair1 = Math.min(pair0 + 1, last),
      pair2 = Math.min(pair0 + 2, last);
    const column = pixels.column * shape.stride[1] - shape.left;
    let to = index * unitSize;
    for (let image = pixels.image; image < pixels.image + pixels.images; image++, to += rows.count * pixels.columns) {
      const start = (image * shape.groups + group) * inputChannels * plane;
      packInputRows(
        input,
        start + Math.floor(pair0 / kernelWidth) * plane,
        start + Math.floor(pair1 / kernelWidth) * plane,
        start + Math.floor(pair2 / kernelWidth) * plane,
        column + (pair0 % kernelWidth) * shape.dilation[1],
        column + (pair1 % kernelWidth) * shape.dilation[1],
        column + (pair2 % kernelWidth) * shape.dilation[1],
        shape.stride[1],
        pixels.columns,
        rows,
        to,
      );
    }
  }
}
