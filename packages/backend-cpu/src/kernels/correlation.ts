/**
 * The sliding product under convolution and its input gradient: every output pixel is the sum, over input channels and
 * kernel taps, of an input pixel times a weight.
 *
 * It is a matrix product [output channels, taps] x [taps, pixels] whose right matrix is never made in full. A right
 * strip is three neighbouring output columns; its lanes hold, for each input row, the pixels under those columns for each
 * kernel column and channel. Ordered so, the taps of one output row are consecutive, and those of the row below are
 * the same lane a few rows on: each pixel is packed once per kernel column, not once per tap as in im2col.
 *
 * Rows with dilation fall into classes that do not share input rows; each class is an undilated problem on every
 * `dilation`-th row. Weights and output are addressed by strides, so that the input gradient can flip and transpose
 * the former and visit every `stride`-th element of the latter.
 */
import { evenly, greatestCommonDivisor, insideRange, type Range } from "./arithmetic.ts";
import { type FloatArray, LEFT_CAPACITY, panels, RIGHT_CAPACITY } from "./panels.ts";
import { zeroedSums } from "./scratch.ts";

/** The extents of a correlation, and where it finds things. Channel counts are per group. */
export interface Correlation {
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
  /** Rows above and columns to the left of the input that count as zero; negative where the input is cropped. */
  readonly top: number;
  readonly left: number;
  readonly weights: {
    readonly start: number;
    readonly group: number;
    readonly outputChannel: number;
    readonly inputChannel: number;
    readonly row: number;
    readonly column: number;
  };
  /** A group's channels follow those of the group before. */
  readonly output: {
    readonly start: number;
    readonly image: number;
    readonly channel: number;
    readonly row: number;
    readonly column: number;
  };
}

const DEPTH_BLOCK = 768;
const SUMS = 1 << 18;

/** What one filling of the right lanes covers; `row` and `column` count kernel taps, `units` triples of output columns. */
interface Block {
  readonly unit: number;
  readonly units: number;
  readonly unitSize: number;
  /** First input row, negative in the padding; the following ones are `rowStep` apart. */
  readonly firstRow: number;
  readonly rowStep: number;
  readonly inside: Range;
  readonly column: number;
  readonly columns: number;
  readonly channel: number;
  readonly channels: number;
}

/** Writes all outputs that `shape` addresses. */
export function correlate(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const { batch, groups, inputChannels, outputChannels, outputHeight, outputWidth, kernelHeight, kernelWidth } = shape;
  if (batch * outputChannels * outputHeight * outputWidth === 0) return;
  const strideHeight = shape.stride[0];
  const rowStep = kernelHeight === 1 ? strideHeight : shape.dilation[0];
  const common = greatestCommonDivisor(strideHeight, rowStep);
  const classes = rowStep / common,
    stripRows = strideHeight / common;

  const columnBlock = Math.min(kernelWidth, DEPTH_BLOCK);
  const rowBlock = Math.min(kernelHeight, Math.floor(DEPTH_BLOCK / columnBlock));
  const channelBlock = evenly(inputChannels, Math.floor(DEPTH_BLOCK / (columnBlock * rowBlock)));
  const rowSize = columnBlock * channelBlock;
  const stripsAtOnce = Math.floor(LEFT_CAPACITY / (rowBlock * rowSize));
  const unitsPerImage = Math.ceil(outputWidth / 3),
    units = batch * unitsPerImage;
  const sumsPerStrip = 3 * outputChannels;
  const weightsFit =
    stripsAtOnce * 2 >= outputChannels &&
    columnBlock === kernelWidth &&
    rowBlock === kernelHeight &&
    channelBlock === inputChannels;
  let packedGroup = -1;

  for (let group = 0; group < groups; group++) {
    for (let rowClass = 0; rowClass < Math.min(classes, outputHeight); rowClass++) {
      const classRows = Math.ceil((outputHeight - rowClass) / classes);
      const rowsAtOnce = evenly(classRows, Math.floor((RIGHT_CAPACITY / rowSize - rowBlock) / stripRows) + 1);
      const unitSize = ((rowsAtOnce - 1) * stripRows + rowBlock) * rowSize;
      const unitsAtOnce = Math.max(
        1,
        Math.min(Math.floor(RIGHT_CAPACITY / unitSize), Math.floor(SUMS / (rowsAtOnce * sumsPerStrip))),
      );
      for (let outputRow = 0; outputRow < classRows; outputRow += rowsAtOnce) {
        const outputRows = Math.min(rowsAtOnce, classRows - outputRow);
        for (let unit = 0; unit < units; unit += unitsAtOnce) {
          const count = Math.min(unitsAtOnce, units - unit);
          const sums = zeroedSums(count * outputRows * sumsPerStrip);
          for (let row = 0; row < kernelHeight; row += rowBlock) {
            const rows = Math.min(rowBlock, kernelHeight - row);
            for (let column = 0; column < kernelWidth; column += columnBlock) {
              const columns = Math.min(columnBlock, kernelWidth - column);
              for (let channel = 0; channel < inputChannels; channel += channelBlock) {
                const channels = Math.min(channelBlock, inputChannels - channel);
                const firstRow = (rowClass + outputRow * classes) * strideHeight - shape.top + row * rowStep;
                const inside = insideRange(firstRow, rowStep, (outputRows - 1) * stripRows + rows, shape.inputHeight);
                packInput(input, shape, group, {
                  unit,
                  units: count,
                  unitSize,
                  column,
                  columns,
                  channel,
                  channels,
                  firstRow,
                  rowStep,
                  inside,
                });
                const tapRow = columns * channels,
                  depth = rows * tapRow;
                for (let first = 0; first < outputChannels; first += 2 * stripsAtOnce) {
                  const last = Math.min(outputChannels, first + 2 * stripsAtOnce);
                  if (!weightsFit || packedGroup !== group) {
                    packWeights(weights, shape, group, first, last, row, rows, column, columns, channel, channels);
                    packedGroup = group;
                  }
                  for (let strip = 0; strip < count * outputRows; strip++) {
                    const top = (strip % outputRows) * stripRows;
                    // Kernel rows that lie in the padding are skipped, not multiplied by zeros.
                    const begin = Math.max(0, inside.begin - top),
                      end = Math.min(rows, inside.end - top);
                    panels.multiply(
                      (end - begin) * tapRow,
                      begin * tapRow,
                      depth,
                      last - first,
                      Math.floor(strip / outputRows) * unitSize + (top + begin) * tapRow,
                      sums,
                      strip * sumsPerStrip + first * 3,
                    );
                  }
                }
              }
            }
          }
          for (let index = 0; index < count; index++) {
            const image = Math.floor((unit + index) / unitsPerImage),
              firstColumn = ((unit + index) % unitsPerImage) * 3;
            const { start, image: imageStride, channel, row, column } = shape.output;
            writeOutput(
              output,
              start +
                image * imageStride +
                group * outputChannels * channel +
                (rowClass + outputRow * classes) * row +
                firstColumn * column,
              channel,
              row * classes,
              column,
              sums,
              index * outputRows * sumsPerStrip,
              outputChannels,
              outputRows,
              Math.min(3, outputWidth - firstColumn),
              sumsPerStrip,
            );
          }
        }
      }
    }
  }
}

/** Fills the right lanes: within a unit by input row, then kernel column, then channel. */
function packInput(input: FloatArray, shape: Correlation, group: number, block: Block): void {
  const { inputChannels, inputHeight, inputWidth } = shape;
  const { unitSize, firstRow, rowStep, inside, columns, channels } = block;
  const [, strideWidth] = shape.stride,
    [, dilationWidth] = shape.dilation;
  const unitsPerImage = Math.ceil(shape.outputWidth / 3);
  const plane = inputHeight * inputWidth,
    rowSize = columns * channels;
  const rows = inside.end - inside.begin;
  for (let index = 0; index < block.units; index++) {
    const image = Math.floor((block.unit + index) / unitsPerImage);
    const outputColumn = ((block.unit + index) % unitsPerImage) * 3;
    const unitStart = index * unitSize + inside.begin * rowSize;
    const start =
      ((image * shape.groups + group) * inputChannels + block.channel) * plane +
      (firstRow + inside.begin * rowStep) * inputWidth;
    const step1 = outputColumn + 1 < shape.outputWidth ? strideWidth : 0;
    const step2 = outputColumn + 2 < shape.outputWidth ? 2 * strideWidth : 0;
    for (let tap = 0; tap < columns; tap++) {
      const column0 = outputColumn * strideWidth + (block.column + tap) * dilationWidth - shape.left;
      const column1 = column0 + step1,
        column2 = column0 + step2;
      // Columns in the padding are read from the nearest pixel, and zeroed afterwards.
      const from0 = start + clamp(column0, inputWidth);
      const from1 = start + clamp(column1, inputWidth);
      const from2 = start + clamp(column2, inputWidth);
      const to = unitStart + tap * channels;
      if (channels >= 8) {
        for (let row = 0; row < rows; row++) {
          const offset = row * rowStep * inputWidth;
          panels.packRight(
            input,
            from0 + offset,
            from1 + offset,
            from2 + offset,
            plane,
            to + row * rowSize,
            1,
            channels,
          );
        }
      } else {
        for (let channel = 0; channel < channels; channel++) {
          const offset = channel * plane;
          panels.packRight(
            input,
            from0 + offset,
            from1 + offset,
            from2 + offset,
            rowStep * inputWidth,
            to + channel,
            rowSize,
            rows,
          );
        }
      }
      if (column0 < 0 || column0 >= inputWidth) clear(panels.right[0], to, rows, rowSize, channels);
      if (column1 < 0 || column1 >= inputWidth) clear(panels.right[1], to, rows, rowSize, channels);
      if (column2 < 0 || column2 >= inputWidth) clear(panels.right[2], to, rows, rowSize, channels);
    }
  }
}

function clear(lane: Float64Array, start: number, rows: number, rowSize: number, channels: number): void {
  for (let row = 0; row < rows; row++, start += rowSize) {
    for (let to = start; to < start + channels; to++) lane[to] = 0;
  }
}

/** Fills the left lanes with output channels `first` to `last`, in the tap order of `packInput`. */
function packWeights(
  weights: FloatArray,
  shape: Correlation,
  group: number,
  first: number,
  last: number,
  row: number,
  rows: number,
  column: number,
  columns: number,
  channel: number,
  channels: number,
): void {
  const stride = shape.weights;
  const start = stride.start + group * stride.group + channel * stride.inputChannel;
  for (let outputChannel = first, to = 0; outputChannel < last; outputChannel += 2) {
    const next = outputChannel + 1 < last ? stride.outputChannel : 0;
    for (let tapRow = row; tapRow < row + rows; tapRow++) {
      for (let tapColumn = column; tapColumn < column + columns; tapColumn++, to += channels) {
        const from = start + outputChannel * stride.outputChannel + tapRow * stride.row + tapColumn * stride.column;
        panels.packLeft(weights, from, from + next, stride.inputChannel, to, channels);
      }
    }
  }
}

function writeOutput(
  output: FloatArray,
  start: number,
  channelStride: number,
  rowStride: number,
  columnStride: number,
  sums: Float64Array,
  from: number,
  channels: number,
  rows: number,
  columns: number,
  sumsPerStrip: number,
): void {
  for (let channel = 0; channel < channels; channel++) {
    let source = from + channel * 3,
      target = start + channel * channelStride;
    for (let row = 0; row < rows; row++, source += sumsPerStrip, target += rowStride) {
      output[target] = sums[source];
      if (columns > 1) output[target + columnStride] = sums[source + 1];
      if (columns > 2) output[target + 2 * columnStride] = sums[source + 2];
    }
  }
}

function clamp(column: number, width: number): number {
  return Math.max(0, Math.min(column, width - 1));
}
