/**
 * The weight gradient of a 3 by 3 convolution of stride one, by the adjoint of the minimal filtering of `winograd.ts`:
 * tiles of the input and of the output gradient are transformed to 6 by 6 elements each, multiplied element by element and
 * summed over all tiles (a matrix product for each element), and only the sums are transformed to kernels.
 */
import { evenly } from "./arithmetic.ts";
import type { FloatArray } from "./panels.ts";
import { createScratch, zeroedSums } from "./scratch.ts";
import {
  countTiles,
  ELEMENTS,
  multiplyElements,
  PADDING,
  type TileBlock,
  type TiledShape,
  transformTiles,
} from "./winograd-tiles.ts";

const TILE_BLOCK = 96;
const CHANNEL_BLOCK = 128;

const gradientScratch = /* @__PURE__ */ createScratch();
const tileScratch = /* @__PURE__ */ createScratch();
const columns: Float64Array = /* @__PURE__ */ new Float64Array(24);

/** Writes `weightGradient`, [groups * output channels, input channels, 3, 3]. */
export function correlateWeightsByTiles(
  weightGradient: FloatArray,
  input: FloatArray,
  outputGradient: FloatArray,
  shape: TiledShape,
): void {
  const { groups, inputChannels, outputChannels } = shape;
  const tiles = countTiles(shape).total;
  const tileBlock = evenly(tiles, TILE_BLOCK);
  const inputBlock = evenly(inputChannels, CHANNEL_BLOCK),
    outputBlock = evenly(outputChannels, CHANNEL_BLOCK);
  const tileElements = tileScratch(ELEMENTS * 3 * (Math.ceil(inputBlock / 3) * tileBlock + PADDING));
  const gradients = gradientScratch(ELEMENTS * 2 * (Math.ceil(outputBlock / 2) * tileBlock + PADDING));
  for (let group = 0; group < groups; group++) {
    for (let output = 0; output < outputChannels; output += outputBlock) {
      const outputs = Math.min(outputBlock, outputChannels - output);
      for (let channel = 0; channel < inputChannels; channel += inputBlock) {
        const channels = Math.min(inputBlock, inputChannels - channel),
          triples = Math.ceil(channels / 3);
        const sums = zeroedSums(ELEMENTS * (triples * outputs * 3 + PADDING));
        for (let first = 0; first < tiles; first += tileBlock) {
          const count = Math.min(tileBlock, tiles - first);
          transformTiles(tileElements, input, shape, { group, first, count, channel, channels }, "channels");
          transformGradients(gradients, outputGradient, shape, {
            group,
            first,
            count,
            channel: output,
            channels: outputs,
          });
          multiplyElements(count, outputs, triples, gradients, tileElements, sums);
        }
        writeKernels(weightGradient, sums, shape, group, output, outputs, channel, channels);
      }
    }
  }
}

/** Tiles of the output gradient to [lane][element][strip][tile]. */
function transformGradients(
  target: Float64Array,
  outputGradient: FloatArray,
  shape: TiledShape,
  { group, first, count, channel, channels }: TileBlock,
): void {
  const { outputHeight, outputWidth } = shape;
  const tiles = countTiles(shape);
  const size = Math.ceil(channels / 2) * count + PADDING;
  for (let position = 0; position < count; position++) {
    const column = ((first + position) % tiles.columns) * 4;
    const row = (Math.floor((first + position) / tiles.columns) % tiles.rows) * 4;
    const image = Math.floor((first + position) / (tiles.columns * tiles.rows));
    const width = Math.min(4, outputWidth - column),
      height = Math.min(4, outputHeight - row);
    for (let index = 0; index < channels; index++) {
      let from =
        (((image * shape.groups + group) * shape.outputChannels + channel + index) * outputHeight + row) * outputWidth +
        column;
      for (let x = 0; x < width; x++, from++) {
        transformPixels(
          columns,
          x,
          4,
          outputGradient[from],
          height > 1 ? outputGradient[from + outputWidth] : 0,
          height > 2 ? outputGradient[from + 2 * outputWidth] : 0,
          height > 3 ? outputGradient[from + 3 * outputWidth] : 0,
        );
      }
      let to = (index % 2) * ELEMENTS * size + Math.floor(index / 2) * count + position;
      for (let at = 0; at < 24; at += 4, to += 6 * size) {
        transformPixels(
          target,
          to,
          size,
          columns[at],
          width > 1 ? columns[at + 1] : 0,
          width > 2 ? columns[at + 2] : 0,
          width > 3 ? columns[at + 3] : 0,
        );
      }
    }
  }
}

function transformPixels(
  target: Float64Array,
  to: number,
  step: number,
  g0: number,
  g1: number,
  g2: number,
  g3: number,
): void {
  const even = g0 + g2,
    odd = g1 + g3,
    wideEven = g0 + 4 * g2,
    wideOdd = 2 * g1 + 8 * g3;
  target[to] = g0;
  target[to + step] = even + odd;
  target[to + 2 * step] = even - odd;
  target[to + 3 * step] = wideEven + wideOdd;
  target[to + 4 * step] = wideEven - wideOdd;
  target[to + 5 * step] = g3;
}

/** Sums, [element][triple][output channel][lane], to kernels. */
function writeKernels(
  weightGradient: FloatArray,
  sums: Float64Array,
  shape: TiledShape,
  group: number,
  output: number,
  outputs: number,
  channel: number,
  channels: number,
): void {
  const tripleSize = outputs * 3,
    element = Math.ceil(channels / 3) * tripleSize + PADDING;
  for (let index = 0; index < outputs; index++) {
    let to = ((group * shape.outputChannels + output + index) * shape.inputChannels + channel) * 9;
    for (let input = 0; input < channels; input++, to += 9) {
      let from = Math.floor(input / 3) * tripleSize + index * 3 + (input % 3);
      for (let x = 0; x < 6; x++, from += element) transformSums(columns, x, 6, sums, from, 6 * element);
      for (let tap = 0; tap < 3; tap++) transformSums(weightGradient, to + tap * 3, 1, columns, tap * 6, 1);
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
  const s1 = source[from + step],
    s2 = source[from + 2 * step];
  const s3 = source[from + 3 * step],
    s4 = source[from + 4 * step];
  const narrow = (s1 + s2) / 6,
    wide = (s3 + s4) / 24;
  target[to] = source[from] / 4 - narrow + wide;
  target[to + toStep] = (s2 - s1) / 6 + (s3 - s4) / 12;
  target[to + 2 * toStep] = 4 * wide - narrow + source[from + 5 * step];
}
