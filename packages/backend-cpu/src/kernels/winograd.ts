/**
 * Correlation with a 3 by 3 kernel at stride one by Winograd's minimal filtering, F(4x4, 3x3) of Lavin and Gray ("Fast
 * Algorithms for Convolutional Neural Networks", 2015): tiles of 6 by 6 pixels and the kernels are transformed
 * so that convolution becomes multiplication element by element, which costs 36 products where 144 were needed.
 * For each of the 36 elements, the sum over input channels is a matrix product of kernels and tiles.
 *
 * Transforms and sums are in double precision, so the result is as good as that of direct summation in float; but an
 * infinity or NaN spoils its whole tile.
 */
import { cut, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Correlation } from "./correlation-shape.ts";
import type { FloatArray } from "./panels.ts";
import { createScratch, zeroedSums } from "./scratch.ts";
import {
  countTiles,
  ELEMENTS,
  multiplyElements,
  PADDING,
  placeOfTile,
  type TileBlock,
  transformTiles,
} from "./winograd-tiles.ts";

/** A multiple of three. */
const TILE_BLOCK = 48;
const INPUT_BLOCK = 256;
const OUTPUT_BLOCK = 128;

const kernelScratch = /* @__PURE__ */ createScratch();
const tileScratch = /* @__PURE__ */ createScratch();
const partial: Float64Array = /* @__PURE__ */ new Float64Array(24);

/** Writes all outputs of a 3 by 3 kernel with a stride and dilation of one. */
export function correlateByTiles(output: FloatArray, input: FloatArray, weights: FloatArray, shape: Correlation): void {
  const total = countTiles(shape);
  const inputBlocks = cut(shape.inputChannels, INPUT_BLOCK);
  const depth = sizeOfRange(inputBlocks[0]);
  const tileElements = tileScratch(ELEMENTS * 3 * ((TILE_BLOCK / 3) * depth + PADDING));
  const kernels = kernelScratch(ELEMENTS * 2 * ((OUTPUT_BLOCK / 2) * depth + PADDING));
  for (let group = 0; group < shape.groups; group++) {
    for (const outputs of cut(shape.outputChannels, OUTPUT_BLOCK)) {
      let transformed = false;
      for (let tile = 0; tile < total; tile += TILE_BLOCK) {
        const tiles = { begin: tile, end: Math.min(total, tile + TILE_BLOCK) };
        const triples = Math.ceil(sizeOfRange(tiles) / 3);
        const sums = zeroedSums(ELEMENTS * (triples * sizeOfRange(outputs) * 3 + PADDING));
        for (const channels of inputBlocks) {
          if (!transformed) transformKernels(kernels, weights, shape, group, outputs, channels);
          transformed = inputBlocks.length === 1;
          transformTiles(tileElements, input, shape, { group, tiles, channels }, "tiles");
          multiplyElements(sizeOfRange(channels), sizeOfRange(outputs), triples, kernels, tileElements, sums);
        }
        transformSums(output, sums, shape, { group, tiles, channels: outputs });
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
  outputs: Range,
  channels: Range,
): void {
  const { start, group: groupStride, outputChannel, inputChannel, row, column } = shape.weights;
  const depth = sizeOfRange(channels);
  const element = Math.ceil(sizeOfRange(outputs) / 2) * depth + PADDING;
  for (let output = 0; output < sizeOfRange(outputs); output++) {
    let from = start + group * groupStride + (outputs.begin + output) * outputChannel + channels.begin * inputChannel;
    for (let channel = 0; channel < depth; channel++, from += inputChannel) {
      for (let tap = 0, at = from; tap < 3; tap++, at += row) {
        transformTaps(partial, tap, 3, weights[at], weights[at + column], weights[at + 2 * column]);
      }
      let to = (output % 2) * ELEMENTS * element + (output >> 1) * depth + channel;
      for (let at = 0; at < 18; at += 3, to += element) {
        transformTaps(target, to, 6 * element, partial[at], partial[at + 1], partial[at + 2]);
      }
    }
  }
}

function transformTaps(target: Float64Array, to: number, step: number, w0: number, w1: number, w2: number): void {
  const even = (w0 + w2) / 6;
  const wideEven = w0 / 24 + w2 / 6;
  target[to] = w0 / 4;
  target[to + step] = -even - w1 / 6;
  target[to + 2 * step] = w1 / 6 - even;
  target[to + 3 * step] = wideEven + w1 / 12;
  target[to + 4 * step] = wideEven - w1 / 12;
  target[to + 5 * step] = w2;
}

/** Sums, [element][triple][output channel][lane], to the output. */
function transformSums(
  output: FloatArray,
  sums: Float64Array,
  shape: Correlation,
  { group, tiles, channels }: TileBlock,
): void {
  const stride = shape.output;
  const tripleSize = sizeOfRange(channels) * 3;
  const element = Math.ceil(sizeOfRange(tiles) / 3) * tripleSize + PADDING;
  for (let tile = tiles.begin; tile < tiles.end; tile++) {
    const { image, row, column } = placeOfTile(shape, tile);
    const height = Math.min(4, shape.outputHeight - row);
    const width = Math.min(4, shape.outputWidth - column);
    const position = tile - tiles.begin;
    let from = Math.floor(position / 3) * tripleSize + (position % 3);
    let to =
      stride.start +
      image * stride.image +
      group * stride.group +
      channels.begin * stride.channel +
      row * stride.row +
      column * stride.column;
    for (let channel = channels.begin; channel < channels.end; channel++, from += 3, to += stride.channel) {
      for (let x = 0; x < 6; x++) {
        transformElements(partial, x, 6, 4, sums, from + x * element, 6 * element);
      }
      for (let y = 0; y < height; y++) {
        transformElements(output, to + y * stride.row, stride.column, width, partial, y * 6, 1);
      }
    }
  }
}

/** Writes the first `count` of four results. */
function transformElements(
  target: FloatArray,
  to: number,
  toStep: number,
  count: number,
  source: Float64Array,
  from: number,
  step: number,
): void {
  const m1 = source[from + step];
  const m2 = source[from + 2 * step];
  const m3 = source[from + 3 * step];
  const m4 = source[from + 4 * step];
  const sum = m1 + m2;
  const difference = m1 - m2;
  const wideSum = m3 + m4;
  const wideDifference = m3 - m4;
  target[to] = source[from] + sum + wideSum;
  if (count > 1) target[to + toStep] = difference + 2 * wideDifference;
  if (count > 2) target[to + 2 * toStep] = sum + 4 * wideSum;
  if (count > 3) target[to + 3 * toStep] = difference + 8 * wideDifference + source[from + 5 * step];
}
