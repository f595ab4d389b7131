/**
 * Correlation with a 3 by 3 kernel at stride one by Winograd's minimal filtering, F(4x4, 3x3) of Lavin and Gray ("Fast
 * Algorithms for Convolutional Neural Networks", 2015): tiles of 6 by 6 pixels and the kernels are transformed
 * so that convolution becomes multiplication element by element, which costs 36 products where 144 were needed.
 * For each of the 36 elements, the sum over input channels is a matrix product of kernels and tiles.
 *
 * Transforms and sums are in double precision, so the result is as good as that of direct summation in float; but an
 * infinity or NaN spoils its whole tile.
 */
import { evenly } from "./arithmetic.ts";
import type { Correlation } from "./correlation.ts";
import type { FloatArray } from "./panels.ts";
import { createScratch, zeroedSums } from "./scratch.ts";
import { countTiles, ELEMENTS, multiplyElements, PADDING, type TileBlock, transformTiles } from "./winograd-tiles.ts";

/** A multiple of three. */
const TILE_BLOCK = 48;
const CHANNEL_BLOCK = 256;
const OUTPUT_BLOCK = 128;

const kernelScratch = /* @__PURE__ */ createScratch();
const tileScratch = /* @__PURE__ */ createScratch();
const rows: Float64Array = /* @__PURE__ */ new Float64Array(18);
const columns: Float64Array = /* @__PURE__ */ new Float64Array(24);

/** Writes all outputs of a 3 by 3 kernel with a stride and dilation of one. */
export function correlateByTiles(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const { groups, inputChannels, outputChannels } = shape;
  const tiles = countTiles(shape).total;
  const channelBlock = evenly(inputChannels, CHANNEL_BLOCK),
    outputBlock = evenly(outputChannels, OUTPUT_BLOCK);
  const outputStrips = Math.ceil(outputBlock / 2);
  const kernels = kernelScratch(ELEMENTS * 2 * (outputStrips * channelBlock + PADDING));
  const tileElements = tileScratch(ELEMENTS * 3 * ((TILE_BLOCK / 3) * channelBlock + PADDING));
  const kernelsStay = channelBlock === inputChannels;
  for (let group = 0; group < groups; group++) {
    for (let first = 0; first < outputChannels; first += outputBlock) {
      const outputs = Math.min(outputBlock, outputChannels - first);
      for (let tile = 0; tile < tiles; tile += TILE_BLOCK) {
        const count = Math.min(TILE_BLOCK, tiles - tile),
          triples = Math.ceil(count / 3);
        const sums = zeroedSums(ELEMENTS * (triples * outputs * 3 + PADDING));
        for (let channel = 0; channel < inputChannels; channel += channelBlock) {
          const channels = Math.min(channelBlock, inputChannels - channel);
          if (tile === 0 || !kernelsStay) {
            transformKernels(kernels, weights, shape, group, first, outputs, channel, channels);
          }
          transformTiles(tileElements, input, shape, { group, first: tile, count, channel, channels }, "tiles");
          multiplyElements(channels, outputs, triples, kernels, tileElements, sums);
        }
        transformSums(output, sums, shape, { group, first: tile, count, channel: first, channels: outputs });
      }
    }
  }
}

/** Kernels to [lane][element][strip][channel]. */
function transformKernels(
  target: Float64Array,
  weights: FloatArray,
  shape: Correlation,
  group: number,
  first: number,
  outputs: number,
  channel: number,
  channels: number,
): void {
  const { start, group: groupStride, outputChannel, inputChannel, row, column } = shape.weights;
  const size = Math.ceil(outputs / 2) * channels + PADDING;
  for (let index = 0; index < outputs; index++) {
    for (let input = 0; input < channels; input++) {
      const from = start + group * groupStride + (first + index) * outputChannel + (channel + input) * inputChannel;
      for (let tap = 0; tap < 3; tap++) {
        const at = from + tap * row;
        transformKernelRow(rows, tap, 3, weights[at], weights[at + column], weights[at + 2 * column]);
      }
      let to = (index % 2) * ELEMENTS * size + (index >> 1) * channels + input;
      for (let element = 0; element < 18; element += 3, to += size) {
        transformKernelRow(target, to, 6 * size, rows[element], rows[element + 1], rows[element + 2]);
      }
    }
  }
}

function transformKernelRow(target: Float64Array, to: number, step: number, w0: number, w1: number, w2: number): void {
  const even = (w0 + w2) / 6,
    wide = w0 / 24 + w2 / 6;
  target[to] = w0 / 4;
  target[to + step] = -even - w1 / 6;
  target[to + 2 * step] = w1 / 6 - even;
  target[to + 3 * step] = wide + w1 / 12;
  target[to + 4 * step] = wide - w1 / 12;
  target[to + 5 * step] = w2;
}

/** Sums, [element][triple][output channel][lane], to the output. */
function transformSums(
  output: FloatArray,
  sums: Float64Array,
  shape: Correlation,
  { group, first, count, channel, channels }: TileBlock,
): void {
  const stride = shape.output;
  const tiles = countTiles(shape);
  const tripleSize = channels * 3,
    element = Math.ceil(count / 3) * tripleSize + PADDING;
  for (let position = 0; position < count; position++) {
    const column = ((first + position) % tiles.columns) * 4;
    const row = (Math.floor((first + position) / tiles.columns) % tiles.rows) * 4;
    const image = Math.floor((first + position) / (tiles.columns * tiles.rows));
    const width = Math.min(4, shape.outputWidth - column),
      height = Math.min(4, shape.outputHeight - row);
    let from = Math.floor(position / 3) * tripleSize + (position % 3);
    let to =
      stride.start +
      image * stride.image +
      (group * shape.outputChannels + channel) * stride.channel +
      row * stride.row +
      column * stride.column;
    for (let index = 0; index < channels; index++, from += 3, to += stride.channel) {
      for (let x = 0, at = from; x < 6; x++, at += element) {
        const m0 = sums[at],
          m1 = sums[at + 6 * element],
          m2 = sums[at + 12 * element];
        const m3 = sums[at + 18 * element],
          m4 = sums[at + 24 * element],
          m5 = sums[at + 30 * element];
        const sum = m1 + m2,
          difference = m1 - m2,
          wideSum = m3 + m4,
          wideDifference = m3 - m4;
        columns[x] = m0 + sum + wideSum;
        columns[x + 6] = difference + 2 * wideDifference;
        columns[x + 12] = sum + 4 * wideSum;
        columns[x + 18] = difference + 8 * wideDifference + m5;
      }
      for (let y = 0, at = 0, line = to; y < height; y++, at += 6, line += stride.row) {
        const m1 = columns[at + 1],
          m2 = columns[at + 2],
          m3 = columns[at + 3],
          m4 = columns[at + 4];
        const sum = m1 + m2,
          difference = m1 - m2,
          wideSum = m3 + m4,
          wideDifference = m3 - m4;
        output[line] = columns[at] + sum + wideSum;
        if (width > 1) output[line + stride.column] = difference + 2 * wideDifference;
        if (width > 2) output[line + 2 * stride.column] = sum + 4 * wideSum;
        if (width > 3) output[line + 3 * stride.column] = difference + 8 * wideDifference + columns[at + 5];
      }
    }
  }
}
