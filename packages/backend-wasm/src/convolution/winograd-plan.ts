/** How a convolution by minimal filtering is cut up, and where its operands lie in the scratch memory. */
import type { Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { tileRows, tileVectors } from "../kernels/tile.ts";
import { type ConvolutionShape, outputPositions } from "./geometry.ts";
import { type ImageLayout, imageLayout } from "./images.ts";
import { tileProducts, tileResults } from "./winograd-transforms.ts";

/** The most tiles in a block, a multiple of a register tile's columns. */
const blockTiles = 24;
/** The most tiles' worth of output channels whose sums wait to be transformed at a time. */
const mostTileRows = 4;
/** Units per thread that even out their different speeds. */
const unitsPerThread = 4;
/** Elements of the factors of a block of kernels that should stay in the cache. */
const blockKernels = 2 ** 18;
/** Channels from which it is faster. */
const leastChannels = 3;
/** Results that a tile must have on average to be worth its 36 products and the transforms. */
const leastResults = 5;

/** Factors of a tile or a kernel: one matrix product each. */
export const factors: readonly number[] = Array.from({ length: tileProducts ** 2 }, (_, e) => e);

export interface WinogradPlan {
  readonly shape: ConvolutionShape;
  readonly layout: ImageLayout;
  /** Rows of tiles of an image, and tiles of a row. */
  readonly down: number;
  readonly across: number;
  readonly tiles: number;
  /** Tiles of a block, and blocks. */
  readonly block: number;
  readonly blocks: number;
  /** Rows of a register tile, and output channels whose sums wait at a time. */
  readonly tileHeight: number;
  readonly rows: number;
  /**
   * Whether there are so few tiles that all of them are transformed beforehand, and a unit is `rows` output channels: it
   * transforms its kernels itself. Otherwise the kernels are transformed beforehand, and a unit is a block of tiles and a
   * share of the output channels.
   */
  readonly fewTiles: boolean;
  readonly share: number;
  readonly shares: number;
  /** Elements of a row of a block's factors [input channel][tile]; groups of four are written whole, also where fewer are left. */
  readonly tilePitch: number;
  /** Elements of a row of the kernels' factors [output channel][input channel]. */
  readonly kernelPitch: number;
  /** Bytes from the matrix of one factor to that of the next. */
  readonly tilesApart: number;
  readonly kernelsApart: number;
  readonly sumsApart: number;
  /** Bytes of all factors of a block of tiles, and of the kernels that are transformed at a time. */
  readonly tileBytes: number;
  readonly kernelBytes: number;
  /** In the scratch memory: the images, the factors made beforehand, and each thread's own: factors, then sums. */
  readonly sharedAt: number;
  readonly privateAt: number;
  readonly privateBytes: number;
}

/** Tiles of all images where minimal filtering applies and there are so many channels, else 0. */
export function filteredTiles(shape: ConvolutionShape, leastChannels: number): number {
  const { batch, groups, inputChannels, outputChannels, vertical, horizontal } = shape;
  const axes = [vertical, horizontal];
  const applies =
    groups === 1 &&
    Math.min(inputChannels, outputChannels) >= leastChannels &&
    axes.every(({ kernel, stride, dilation }) => kernel === 3 && stride === 1 && dilation === 1);
  return applies ? axes.reduce((product, { output }) => product * Math.ceil(output / tileResults), batch) : 0;
}

export function suitsWinograd(shape: ConvolutionShape): boolean {
  const tiles = filteredTiles(shape, leastChannels);
  return tiles > 0 && shape.batch * outputPositions(shape) > leastResults * roundUp(tiles, 4 * tileVectors);
}

export function planWinograd(shape: ConvolutionShape, { threads, relaxed }: Target): WinogradPlan {
  const tileHeight = tileRows(relaxed);
  const mostRows = mostTileRows * tileHeight;
  const { batch, inputChannels, outputChannels, vertical, horizontal } = shape;
  const down = Math.ceil(vertical.output / tileResults);
  const across = Math.ceil(horizontal.output / tileResults);
  const tiles = batch * down * across;
  const layout = imageLayout(shape, tileResults * down + 2, tileResults * across + 2);
  const block = Math.min(blockTiles, roundUp(tiles, 4 * tileVectors));
  const blocks = Math.ceil(tiles / block);
  const fewTiles = tiles < outputChannels;
  const units = threads > 1 ? threads * unitsPerThread : 1;
  const cached = Math.floor(blockKernels / (factors.length * inputChannels * tileHeight)) * tileHeight;
  const even = roundUp(Math.ceil(outputChannels / (fewTiles ? 2 * units : 1)), tileHeight);
  const rows = Math.max(tileHeight, Math.min(mostRows, even, fewTiles ? cached : mostRows));
  const share = fewTiles ? rows : roundUp(Math.ceil(outputChannels / Math.ceil(units / blocks)), tileHeight);
  const tilePitch = block + 4;
  const kernelPitch = roundUp(inputChannels, 4);
  const tilesApart = apart(inputChannels * tilePitch);
  const kernelsApart = apart((fewTiles ? rows : outputChannels) * kernelPitch);
  const sumsApart = apart(rows * block);
  const tileBytes = factors.length * tilesApart;
  const kernelBytes = factors.length * kernelsApart;
  const sharedAt = layout.direct ? 0 : roundUp(4 * batch * inputChannels * layout.planeLength, 64);
  return {
    shape,
    layout,
    down,
    across,
    tiles,
    block,
    blocks,
    tileHeight,
    rows,
    fewTiles,
    share,
    shares: Math.ceil(outputChannels / share),
    tilePitch,
    kernelPitch,
    tilesApart,
    kernelsApart,
    sumsApart,
    tileBytes,
    kernelBytes,
    sharedAt,
    privateAt: sharedAt + (fewTiles ? blocks * tileBytes : kernelBytes),
    privateBytes: (fewTiles ? kernelBytes : tileBytes) + factors.length * sumsApart + 64,
  };
}

/** Bytes for a matrix, an odd number of cache lines: else the matrices of all factors might share one set of a cache. */
function apart(elements: number): number {
  const lines = Math.ceil(elements / 16);
  return 64 * (lines + 1 - (lines % 2));
}
