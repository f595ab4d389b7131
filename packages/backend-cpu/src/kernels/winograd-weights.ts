/**
 * The weight gradient of a 3 by 3 convolution of stride one, by the adjoint of the minimal filtering of `winograd.ts`:
 * tiles of the input and of the output gradient are transformed to 6 by 6 elements each, multiplied element by element and
 * summed over all tiles (a matrix product for each element), and only the sums are transformed to kernels.
 */
import { cut, type Range, sizeOfRange } from "./arithmetic.ts";
import type { Extents } from "./correlation-shape.ts";
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

const TILE_BLOCK = 96;
const CHANNEL_BLOCK = 128;

const gradientScratch = /* @__PURE__ */ createScratch();
const tileScratch = /* @__PURE__ */ createScratch();
const partial: Float64Array = /* @__PURE__ */ new Float64Array(24);

/** Writes `weightGradient`, [groups * output channels, input channels, 3, 3]. */
export function correlateWeightsByTiles(
  weightGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  shape: Extents,
): void {
  const tileBlocks = cut(countTiles(shape), TILE_BLOCK);
  const inputBlocks = cut(shape.inputChannels, CHANNEL_BLOCK);
  const outputBlocks = cut(shape.outputChannels, CHANNEL_BLOCK);
  const tileElements = tileScratch(ELEMENTS * 3 * (Math.ceil(CHANNEL_BLOCK / 3) * TILE_BLOCK + PADDING));
  const gradients = gradientScratch(ELEMENTS * 2 * ((CHANNEL_BLOCK / 2) * TILE_BLOCK + PADDING));
  for (let group = 0; group < shape.groups; group++) {
    for (const outputs of outputBlocks) {
      for (const channels of inputBlocks) {
        const triples = Math.ceil(sizeOfRange(channels) / 3);
        const sums = zeroedSums(ELEMENTS * (triples * sizeOfRange(outputs) * 3 + PADDING));
        for (const tiles of tileBlocks) {
          transformTiles(tileElements, input, shape, { group, tiles, channels }, "channels");
          transformGradients(gradients, outputGradient, shape, { group, tiles, channels: outputs });
          multiplyElements(sizeOfRange(tiles), sizeOfRange(outputs), triples, gradients, tileElements, sums);
        }
        writeKernels(weightGradient, sums, shape, group, outputs, channels);
      }
    }
  }
}

/** Tiles of the output gradient to [lane][element][strip][tile]. */
function transformGradients(
  target: Float64Array,
  outputGradient: FloatArray,
  shape: Extents,
  { group, tiles, channels }: TileBlock,
): void {
  const { groups, outputChannels, outputHeight, outputWidth } = shape;
  const depth = sizeOfRange(tiles);
  const element = Math.ceil(sizeOfRange(channels) / 2) * depth + PADDING;
  for (let tile = tiles.begin; tile < tiles.end; tile++) {
    const { image, row, column } = placeOfTile(shape, tile);
    const height = Math.min(4, outputHeight - row);
    const width = Math.min(4, outputWidth - column);
    for (let channel = 0; channel < sizeOfRange(channels); channel++) {
      const plane = (image * groups + group) * outputChannels + channels.begin + channel;
      const start = (plane * outputHeight + row) * outputWidth + column;
      for (let x = 0; x < width; x++) {
        transformPixels(partial, x, 4, outputGradient, start + x, outputWidth, height);
      }
      const to = (channel % 2) * ELEMENTS * element + (channel >> 1) * depth + tile - tiles.begin;
      for (let y = 0; y < 6; y++) transformPixels(target, to + y * 6 * element, element, partial, y * 4, 1, width);
    }
  }
}

/** Reads `count` of four pixels; the others are beyond the edge and count as zeros. */
function transformPixels(
  target: Float64Array,
  to: number,
  toStep: number,
  source: FloatArray,
  from: number,
  step: number,
  count: number,
): void {
  const g0 = source[from];
  const g1 = count > 1 ? source[from + step] : 0;
  const g2 = count > 2 ? source[from + 2 * step] : 0;
  const g3 = count > 3 ? source[from + 3 * step] : 0;
  const wideEven = g0 + 4 * g2;
  const wideOdd = 2 * g1 + 8 * g3;
  target[to] = g0;
  target[to + toStep] = g0 + g2 + (g1 + g3);
  target[to + 2 * toStep] = g0 + g2 - (g1 + g3);
  target[to + 3 * toStep] = wideEven + wideOdd;
  target[to + 4 * toStep] = wideEven - wideOdd;
  target[to + 5 * toStep] = g3;
}

/** Sums, [element][triple][output channel][lane], to kernels. */
function writeKernels(
  weightGradient: FloatArray,
  sums: Float64Array,
  { inputChannels, outputChannels }: Extents,
  group: number,
  outputs: Range,
  channels: Range,
): void {
  const tripleSize = sizeOfRange(outputs) * 3;
  const element = Math.ceil(sizeOfRange(channels) / 3) * tripleSize + PADDING;
  for (let output = 0; output < sizeOfRange(outputs); output++) {
    const first = (group * outputChannels + outputs.begin + output) * inputChannels + channels.begin;
    for (let channel = 0; channel < sizeOfRange(channels); channel++) {
      const from = Math.floor(channel / 3) * tripleSize + output * 3 + (channel % 3);
      const to = (first + channel) * 9;
      for (let x = 0; x < 6; x++) transformSums(partial, x, 6, sums, from + x * element, 6 * element);
      for (let tap = 0; tap < 3; tap++) transformSums(weightGradient, to + tap * 3, 1, partial, tap * 6, 1);
    }
  }
}

function transformSums(
  target: FloatArray,
  to: number,
  toStep: number,
  source: Float64Array,
  from: number,
  step: number,
): void {
  const s1 = source[from + step];
  const s2 = source[from + 2 * step];
  const s3 = source[from + 3 * step];
  const s4 = source[from + 4 * step];
  const narrow = (s1 + s2) / 6;
  const wide = (s3 + s4) / 24;
  target[to] = source[from] / 4 - narrow + wide;
  target[to + toStep] = (s2 - s1) / 6 + (s3 - s4) / 12;
  target[to + 2 * toStep] = 4 * wide - narrow + source[from + 5 * step];
}
