/**
 * Correlation with a 3 by 3 kernel at stride one by Winograd's minimal filtering, F(4x4, 3x3) of Lavin and Gray ("Fast
 * Algorithms for Convolutional Neural Networks", 2015): tiles of 6 by 6 pixels and the kernels are transformed
 * so that convolution becomes multiplication element by element, which costs 36 products where 144 were needed.
 * For each of the 36 elements, the sum over input channels is a matrix product of kernels and tiles.
 *
 * Transforms and sums are in double precision, so the result is as good as that of direct summation in float; but an
 * infinity or NaN spoils its whole tile.
 */
import { evenly, insideRange } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import { type FloatArray, panels } from "./panels.ts";
import { createScratch, zeroedSums } from "./scratch.ts";

const ELEMENTS = 36;
const TILE_BLOCK = +(globalThis.process?.env?.TB ?? 48);
const CHANNEL_BLOCK = 256;
const OUTPUT_BLOCK = 128;

const kernelScratch = /* @__PURE__ */ createScratch();
const tileScratch = /* @__PURE__ */ createScratch();
const stripScratch = /* @__PURE__ */ createScratch();

/** Whether `correlateByTiles` can do the job and is the faster way. */
export function suitsWinograd(output: FloatArray, shape: Correlation): boolean {
  return output instanceof Float32Array && shape.kernelHeight === 3 && shape.kernelWidth === 3 &&
    shape.stride[0] * shape.stride[1] * shape.dilation[0] * shape.dilation[1] === 1 &&
    shape.output.row === shape.outputWidth && shape.output.column === 1 &&
    Math.min(shape.inputChannels, shape.outputChannels) >= +(globalThis.process?.env?.WT ?? 16);
}

/** Writes all outputs of a 3 by 3 kernel with a stride and dilation of one. */
export function correlateByTiles(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const { batch, groups, inputChannels, outputChannels, outputHeight, outputWidth } = shape;
  const tileColumns = Math.ceil(outputWidth / 4), tileRows = Math.ceil(outputHeight / 4);
  const tiles = batch * tileRows * tileColumns;
  const tileBlock = TILE_BLOCK;
  const channelBlock = evenly(inputChannels, CHANNEL_BLOCK), outputBlock = evenly(outputChannels, OUTPUT_BLOCK);
  const outputStrips = Math.ceil(outputBlock / 2);
  const kernels = kernelScratch(ELEMENTS * 2 * outputStrips * channelBlock);
  const tileElements = tileScratch(ELEMENTS * tileBlock * channelBlock);
  const kernelsStay = channelBlock === inputChannels;
  for (let group = 0; group < groups; group++) {
    for (let first = 0; first < outputChannels; first += outputBlock) {
      const outputs = Math.min(outputBlock, outputChannels - first), strips = Math.ceil(outputs / 2);
      for (let tile = 0; tile < tiles; tile += tileBlock) {
        const count = Math.min(tileBlock, tiles - tile), triples = Math.ceil(count / 3);
        const sums = zeroedSums(ELEMENTS * triples * strips * 6);
        for (let channel = 0; channel < inputChannels; channel += channelBlock) {
          const channels = Math.min(channelBlock, inputChannels - channel);
          const tileLane = triples * channels, kernelLane = strips * channels;
          if (tile === 0 || !kernelsStay) {
            transformKernels(kernels, weights, shape, group, first, outputs, channel, channels);
          }
          transformTiles(tileElements, input, shape, group, tile, count, channel, channels);
          for (let element = 0; element < ELEMENTS; element++) {
            for (let lane = 0; lane < 2; lane++) {
              const from = (element * 2 + lane) * kernelLane;
              panels.left[lane]!.set(kernels.subarray(from, from + kernelLane));
            }
            for (let lane = 0; lane < 3; lane++) {
              const from = (element * 3 + lane) * tileLane;
              panels.right[lane]!.set(tileElements.subarray(from, from + tileLane));
            }
            for (let triple = 0; triple < triples; triple++) {
              panels.multiply(
                channels, 0, channels, strips, triple * channels, sums, (element * triples + triple) * strips * 6,
              );
            }
          }
        }
        transformSums(output, sums, shape, group, tile, count, first, outputs);
      }
    }
  }
}

/** Kernels to [element][lane][strip][channel]. */
function transformKernels(
  target: Float64Array, weights: FloatArray, shape: Correlation, group: number,
  first: number, outputs: number, channel: number, channels: number,
): void {
  const { start, group: groupStride, outputChannel, inputChannel, row, column } = shape.weights;
  const half = Math.ceil(outputs / 2) * channels;
  const rows = new Float64Array(18);
  for (let index = 0; index < outputs; index++) {
    for (let input = 0; input < channels; input++) {
      const from = start + group * groupStride + (first + index) * outputChannel + (channel + input) * inputChannel;
      for (let tap = 0; tap < 3; tap++) {
        const at = from + tap * row;
        transformKernelRow(rows, tap, 3, weights[at]!, weights[at + column]!, weights[at + 2 * column]!);
      }
      let to = (index % 2) * half + (index >> 1) * channels + input;
      for (let element = 0; element < 18; element += 3, to += 2 * half) {
        transformKernelRow(target, to, 12 * half, rows[element]!, rows[element + 1]!, rows[element + 2]!);
      }
    }
  }
}

function transformKernelRow(target: Float64Array, to: number, step: number, w0: number, w1: number, w2: number): void {
  const even = (w0 + w2) / 6, wide = w0 / 24 + w2 / 6;
  target[to] = w0 / 4;
  target[to + step] = -even - w1 / 6;
  target[to + 2 * step] = w1 / 6 - even;
  target[to + 3 * step] = wide + w1 / 12;
  target[to + 4 * step] = wide - w1 / 12;
  target[to + 5 * step] = w2;
}

/** Tiles of the input to [element][lane][triple][channel]. */
function transformTiles(
  target: Float64Array, input: FloatArray, shape: Correlation, group: number,
  tile: number, count: number, channel: number, channels: number,
): void {
  const { groups, inputChannels, inputHeight, inputWidth } = shape;
  const tileColumns = Math.ceil(shape.outputWidth / 4), tileRows = Math.ceil(shape.outputHeight / 4);
  const lane = Math.ceil(count / 3) * channels;
  const stripWidth = 4 * count + 2;
  const strip = stripScratch(6 * stripWidth);
  for (let begin = 0; begin < count;) {
    const tileColumn = (tile + begin) % tileColumns, tileRow = Math.floor((tile + begin) / tileColumns) % tileRows;
    const image = Math.floor((tile + begin) / (tileColumns * tileRows));
    const end = Math.min(count, begin + tileColumns - tileColumn);
    const width = 4 * (end - begin) + 2;
    const firstRow = 4 * tileRow - shape.top, firstColumn = 4 * tileColumn - shape.left;
    const rows = insideRange(firstRow, 1, 6, inputHeight), columns = insideRange(firstColumn, 1, width, inputWidth);
    for (let index = 0; index < channels; index++) {
      const plane = ((image * groups + group) * inputChannels + channel + index) * inputHeight * inputWidth;
      const start = plane + firstRow * inputWidth + firstColumn;
      // Down the columns first, which neighbouring tiles share.
      if (columns.begin > 0 || columns.end < width) strip.fill(0, 0, 6 * stripWidth);
      for (let x = columns.begin; x < columns.end; x++) {
        const from = start + x;
        const d0 = rows.begin > 0 || rows.end < 1 ? 0 : input[from]!;
        const d1 = rows.begin > 1 || rows.end < 2 ? 0 : input[from + inputWidth]!;
        const d2 = rows.begin > 2 || rows.end < 3 ? 0 : input[from + 2 * inputWidth]!;
        const d3 = rows.begin > 3 || rows.end < 4 ? 0 : input[from + 3 * inputWidth]!;
        const d4 = rows.begin > 4 || rows.end < 5 ? 0 : input[from + 4 * inputWidth]!;
        const d5 = rows.begin > 5 || rows.end < 6 ? 0 : input[from + 5 * inputWidth]!;
        transformPixels(strip, x, stripWidth, d0, d1, d2, d3, d4, d5);
      }
      for (let position = begin; position < end; position++) {
        let to = (position % 3) * lane + Math.floor(position / 3) * channels + index;
        const left = 4 * (position - begin);
        for (let from = left; from < left + 6 * stripWidth; from += stripWidth, to += 18 * lane) {
          transformPixels(
            target, to, 3 * lane,
            strip[from]!, strip[from + 1]!, strip[from + 2]!, strip[from + 3]!, strip[from + 4]!, strip[from + 5]!,
          );
        }
      }
    }
    begin = end;
  }
}

function transformPixels(
  target: Float64Array, to: number, step: number,
  d0: number, d1: number, d2: number, d3: number, d4: number, d5: number,
): void {
  const even = d4 - 4 * d2, odd = d3 - 4 * d1, wideEven = d4 - d2, wideOdd = 2 * (d3 - d1);
  target[to] = 4 * (d0 - d2) + wideEven;
  target[to + step] = even + odd;
  target[to + 2 * step] = even - odd;
  target[to + 3 * step] = wideEven + wideOdd;
  target[to + 4 * step] = wideEven - wideOdd;
  target[to + 5 * step] = d5 - d3 - 2 * wideOdd;
}

/** Sums, [element][triple][output channel][lane], to the output. */
function transformSums(
  output: FloatArray, sums: Float64Array, shape: Correlation, group: number,
  tile: number, count: number, first: number, outputs: number,
): void {
  const { outputHeight, outputWidth } = shape;
  const { start, image: imageStride, channel } = shape.output;
  const tileColumns = Math.ceil(outputWidth / 4), tileRows = Math.ceil(outputHeight / 4);
  const tripleSize = Math.ceil(outputs / 2) * 6, element = Math.ceil(count / 3) * tripleSize;
  const columns = new Float64Array(24);
  for (let position = 0; position < count; position++) {
    const column = ((tile + position) % tileColumns) * 4;
    const row = (Math.floor((tile + position) / tileColumns) % tileRows) * 4;
    const image = Math.floor((tile + position) / (tileColumns * tileRows));
    const width = Math.min(4, outputWidth - column), height = Math.min(4, outputHeight - row);
    let from = Math.floor(position / 3) * tripleSize + (position % 3);
    let to = start + image * imageStride + (group * shape.outputChannels + first) * channel + row * outputWidth + column;
    for (let index = 0; index < outputs; index++, from += 3, to += channel) {
      for (let x = 0, at = from; x < 6; x++, at += element) {
        const m0 = sums[at]!, m1 = sums[at + 6 * element]!, m2 = sums[at + 12 * element]!;
        const m3 = sums[at + 18 * element]!, m4 = sums[at + 24 * element]!, m5 = sums[at + 30 * element]!;
        const sum = m1 + m2, difference = m1 - m2, wideSum = m3 + m4, wideDifference = m3 - m4;
        columns[x] = m0 + sum + wideSum;
        columns[x + 6] = difference + 2 * wideDifference;
        columns[x + 12] = sum + 4 * wideSum;
        columns[x + 18] = difference + 8 * wideDifference + m5;
      }
      for (let y = 0, at = 0, line = to; y < height; y++, at += 6, line += outputWidth) {
        const m1 = columns[at + 1]!, m2 = columns[at + 2]!, m3 = columns[at + 3]!, m4 = columns[at + 4]!;
        const sum = m1 + m2, difference = m1 - m2, wideSum = m3 + m4, wideDifference = m3 - m4;
        output[line] = columns[at]! + sum + wideSum;
        if (width > 1) output[line + 1] = difference + 2 * wideDifference;
        if (width > 2) output[line + 2] = sum + 4 * wideSum;
        if (width > 3) output[line + 3] = difference + 8 * wideDifference + columns[at + 5]!;
      }
    }
  }
}
