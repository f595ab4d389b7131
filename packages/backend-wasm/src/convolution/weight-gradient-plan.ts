/**
 * How the work of a weight gradient is cut: positions into blocks that fit the caches, input channels into ranges that
 * are units of work, and blocks into pieces where ranges are too few. All of this depends on the shape alone.
 */
import { type ConvolutionShape, isPointwise, kernelTaps, outputPositions } from "./geometry.ts";
import { channelBytes, type ShiftedRows } from "./shifted-rows.ts";

/** Positions of a block, about; six rows of these fit the first-level cache. */
const blockPositions = 800;
/** Bytes of copied rows in a block, about; they should stay in the second-level cache. */
const blockBytes = 192 * 1024;
/** Units that keep a few threads busy. */
const enoughUnits = 16;
/** Fewest columns of a unit. */
const fewestColumns = 16;

export interface WeightGradientPlan {
  readonly rows: number;
  readonly taps: number;
  /** Of the whole product: channels of a group times taps. */
  readonly columns: number;
  /** Per group. */
  readonly channels: number;
  readonly positions: number;
  /** The input itself serves as the copy, for it is pointwise. */
  readonly inPlace: boolean;
  readonly copies: ShiftedRows;
  /** Output rows and images of a block. */
  readonly blockRows: number;
  readonly blockImages: number;
  readonly blocksPerImage: number;
  /** Channels of a unit, and units per group and piece. */
  readonly unitChannels: number;
  readonly ranges: number;
  readonly blocks: number;
  readonly pieceBlocks: number;
  readonly pieces: number;
}

export function planWeightGradient(shape: ConvolutionShape): WeightGradientPlan {
  const { batch, groups, vertical, horizontal } = shape;
  const taps = kernelTaps(shape);
  const channels = shape.inputChannels / groups;
  const positions = outputPositions(shape);
  const inPlace = isPointwise(shape);
  const blockRows = Math.ceil(vertical.output / Math.ceil(positions / blockPositions));
  const blockImages = Math.min(batch, Math.max(1, Math.floor(blockPositions / positions)));
  const blocksPerImage = Math.ceil(vertical.output / blockRows);
  const rows = blockRows + Math.floor(((vertical.kernel - 1) * vertical.dilation) / vertical.stride);
  const copies: ShiftedRows = { vertical, horizontal, rows, images: blockImages };
  const most = inPlace ? channels : Math.max(1, Math.floor(blockBytes / channelBytes(copies)));
  const spread = Math.max(Math.ceil(fewestColumns / taps), Math.ceil((channels * groups) / enoughUnits));
  const ranges = Math.ceil(channels / Math.min(channels, most, spread));
  const unitChannels = Math.ceil(channels / ranges);
  const blocks = Math.ceil(batch / blockImages) * blocksPerImage;
  const pieceBlocks = Math.ceil(blocks / Math.min(blocks, Math.ceil(enoughUnits / (groups * ranges))));
  return {
    rows: shape.outputChannels / groups,
    taps,
    columns: channels * taps,
    channels,
    positions,
    inPlace,
    copies,
    blockRows,
    blockImages,
    blocksPerImage,
    unitChannels,
    ranges: Math.ceil(channels / unitChannels),
    blocks,
    pieceBlocks,
    pieces: Math.ceil(blocks / pieceBlocks),
  };
}
