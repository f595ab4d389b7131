/**
 * How a matrix product is cut up. Rows go into panels of about equal height, as high as a tile may be; columns into
 * panels as wide as a tile. The depth is cut into blocks, so that a panel of each operand stays in the first level of
 * the cache and a block of b panels in the second. A unit of work is a block of row panels by a block of column panels.
 * When there are few tiles the depth is cut into pieces with results of their own, which are added up afterwards.
 */
import type { Target } from "../kernels/kernel.ts";
import { roundUp } from "../kernels/round-up.ts";
import { tileRows, tileVectors } from "../kernels/tile.ts";
import { batchSize, type ProductDescription } from "./description.ts";

/** Row panels: first `larger` panels of `size` rows, then panels of one row less. */
interface RowPanels {
  readonly count: number;
  readonly size: number;
  readonly larger: number;
}

export interface TiledPlan {
  readonly rows: RowPanels;
  /** Vectors in a row of a tile. */
  readonly vectors: number;
  /** Panels that the columns take, the last one maybe narrower. */
  readonly columnPanels: number;
  /** Steps of the depth in a block, and in a piece, which is a number of whole blocks. */
  readonly depthBlock: number;
  readonly pieceDepth: number;
  readonly pieces: number;
  readonly packA: boolean;
  readonly packB: boolean;
  /** Panels in a unit. */
  readonly unitRows: number;
  readonly unitColumns: number;
}

/** Vectors in a tile of so few rows, where the rows are all there are: as many as the registers hold. */
const fewRowVectors = [8, 4, 3];
/** The greatest depth taken in one block, and the depth of blocks beyond it. */
const wholeDepth = 384;
const blockDepth = 256;
/** Bytes of each packed operand in a unit. */
const packedBytes = 2 ** 17;
/** b is read in place when it has at most this many bytes, or when there are at most this many row panels. */
const smallBytes = 2 ** 14;
const fewPanels = 2;
/** Read in place by few rows, a block of b has at most this many bytes, which stay in the first level of the cache, or 8 steps. */
const residentBytes = 2 ** 15;
/** A transposed a is read in place unless its rows are longer than this; the steps of a panel would displace each other. */
const longRow = 768;
/** Products of numbers that are worth a unit. */
const unitWork = 2 ** 17;
/** Units to make for each thread, so that none waits long for another. */
const unitsPerThread = 8;
/** What packing an element costs in reads of one. */
const packingCost = 8;
/** Fewer tiles than this make it worth cutting a long depth into pieces. */
const manyTiles = 32;
/** Pieces of a depth that is much longer than the result is high and wide. */
const deepPieces = 8;

export function planTiles(description: ProductDescription, { threads, relaxed }: Target): TiledPlan {
  const { m, n, k, transposeA, transposeB } = description;
  const count = Math.ceil(m / tileRows(relaxed));
  const size = Math.ceil(m / count);
  const rows = { count, size, larger: m - count * (size - 1) };
  const vectors = Math.min(Math.ceil(n / 4), (count === 1 && fewRowVectors[m - 1]) || tileVectors);
  const columnPanels = Math.ceil(n / (4 * vectors));
  const products = batchSize(description);
  const packA = transposeA && m > longRow;
  const packB = transposeB || (count > fewPanels && 4 * k * n > smallBytes);

  const tiles = products * count * columnPanels;
  // Units that share no operand read each of them once; a very long depth is worth that in any case.
  const wanted = Math.max(manyTiles / tiles, Math.min(deepPieces / products, k / (2 * (m + n))));
  const share = Math.ceil(k / Math.max(1, Math.min(Math.floor(wanted), Math.floor(k / blockDepth))));
  const inPlace = !packB && 4 * k * n > smallBytes;
  const most = inPlace ? 4 * Math.max(2, Math.floor(residentBytes / (16 * n))) : blockDepth;
  const blocks = share <= (inPlace ? most : wholeDepth) ? 1 : Math.ceil(share / most);
  const depthBlock = roundUp(Math.ceil(share / blocks), 4);
  const pieceDepth = roundUp(share, depthBlock);
  const pieces = Math.ceil(k / pieceDepth);

  const panelsIn = (all: number, lines: number): number =>
    equalBlocks(all, Math.ceil(all / Math.max(1, Math.floor(packedBytes / (4 * lines * depthBlock)))));
  let unitRows = packA ? panelsIn(count, size) : count;
  let unitColumns = packB ? panelsIn(columnPanels, 4 * vectors) : columnPanels;
  const work = (): number => unitRows * size * unitColumns * 4 * vectors * pieceDepth;
  const units = (): number => products * pieces * Math.ceil(count / unitRows) * Math.ceil(columnPanels / unitColumns);
  // Dividing columns repeats the work on a, dividing rows that on b: whichever is less of a pity.
  const aWork = (): number => unitRows * size * (packA ? packingCost : 1);
  const bWork = (): number => unitColumns * 4 * vectors * (packB ? packingCost : 1);
  while (threads > 1 && units() < unitsPerThread * threads && work() > 2 * unitWork && unitRows * unitColumns > 1) {
    if (unitRows === 1 || (unitColumns > 1 && bWork() > aWork()))
      unitColumns = equalBlocks(columnPanels, 2 * Math.ceil(columnPanels / unitColumns));
    else unitRows = equalBlocks(count, 2 * Math.ceil(count / unitRows));
  }
  return { rows, vectors, columnPanels, depthBlock, pieceDepth, pieces, packA, packB, unitRows, unitColumns };
}

/** The size of a block when `all` is cut into so many. */
function equalBlocks(all: number, blocks: number): number {
  return Math.ceil(all / blocks);
}
