/** How a convolution as a matrix product is cut up, and where its operands lie in the scratch memory. */
import type { Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { tileRows, tileVectors } from "../kernels/tile.ts";
import type { ConvolutionShape } from "./geometry.ts";
import { type ImageLayout, imageLayout } from "./images.ts";
import { offsetTableBytes, patchDepth, vectorsPerImage } from "./pack-patches.ts";

/** The most vectors of positions, and of rows of patches, in a block: 128 kB. */
const blockVectors = 16;
const blockDepth = 512;
/** Units per thread that even out their different speeds. */
const unitsPerThread = 4;

/** A record of where a vector of results goes: how many there are, 4 * position, and the index in bytes. */
export const placeBytes = 12;
export interface ProductPlan {
  readonly shape: ConvolutionShape;
  readonly layout: ImageLayout;
  /** Vectors of positions, those of a block (even), and blocks. */
  readonly vectors: number;
  readonly block: number;
  readonly blocks: number;
  /** Rows of a register tile, and bytes of its sums. */
  readonly tileHeight: number;
  readonly tileBytes: number;
  /** Output channels of a group, those of a share (a multiple of the tile's), and shares. */
  readonly rows: number;
  readonly share: number;
  readonly shares: number;
  /** Products per result, and those of a block (a multiple of 4). */
  readonly depth: number;
  readonly slice: number;
  readonly panelBytes: number;
  /** In the scratch memory: the table of taps, the images, and each thread's own: places of results, panels, sums. */
  readonly imagesAt: number;
  readonly privateAt: number;
  readonly privateBytes: number;
  readonly placesBytes: number;
}

export function planProduct(shape: ConvolutionShape, { threads, relaxed }: Target): ProductPlan {
  const tileHeight = tileRows(relaxed);
  const tileBytes = 16 * tileVectors * tileHeight;
  const layout = imageLayout(shape);
  const vectors = shape.batch * vectorsPerImage(shape);
  const rows = shape.outputChannels / shape.groups;
  const depth = patchDepth(shape);
  const block = roundUp(Math.ceil(vectors / Math.ceil(vectors / blockVectors)), tileVectors);
  const blocks = Math.ceil(vectors / block);
  const wanted = Math.ceil((threads > 1 ? threads * unitsPerThread : 1) / (blocks * shape.groups));
  const share = roundUp(Math.ceil(rows / wanted), tileHeight);
  const slice = roundUp(Math.ceil(depth / Math.ceil(depth / blockDepth)), 4);
  const panels = block / tileVectors;
  const panelBytes = 16 * tileVectors * slice;
  const placesBytes = roundUp(placeBytes * block, 64);
  const sumsBytes = slice < depth ? (tileBytes * panels * share) / tileHeight : 0;
  const imagesAt = offsetTableBytes(shape);
  const imageBytes = layout.direct ? 0 : 4 * shape.batch * shape.inputChannels * layout.planeLength;
  return {
    shape,
    layout,
    vectors,
    block,
    blocks,
    tileHeight,
    tileBytes,
    rows,
    share,
    shares: Math.ceil(rows / share),
    depth,
    slice,
    panelBytes,
    imagesAt,
    privateAt: imagesAt + roundUp(imageBytes, 64),
    privateBytes: roundUp(placesBytes + panels * panelBytes + sumsBytes, 64) + 64,
    placesBytes,
  };
}
