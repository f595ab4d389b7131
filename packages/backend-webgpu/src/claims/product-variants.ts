/**
 * The tiles that a product may be cut into. A large block in registers reads workgroup memory less often; many small tiles
 * keep a device busy with a small result. Which is quickest depends on the device, so that a tuner may choose; the default
 * is the largest block that leaves enough tiles.
 */
export interface ProductVariant {
  /** Rows and columns of C that one invocation computes: multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations of a workgroup along either side. */
  readonly high: number;
  readonly wide: number;
  /** Steps along k per tile, at most. */
  readonly depth: number;
}

/** Fewer tiles than this leave a graphics card idle. */
export const enoughTiles = 128;

const variant = (rows: number, columns: number, high: number, wide: number, depth: number): ProductVariant => ({
  rows,
  columns,
  high,
  wide,
  depth,
});

const large: readonly ProductVariant[] = [variant(8, 8, 16, 16, 8), variant(4, 8, 16, 16, 8), variant(8, 4, 16, 16, 8)];

/** Measured beside these and the default. */
const others: readonly ProductVariant[] = [
  variant(8, 8, 16, 16, 16),
  variant(8, 8, 8, 8, 16),
  variant(4, 8, 8, 16, 16),
  variant(4, 4, 16, 16, 16),
  variant(4, 4, 8, 8, 16),
];

interface Extents {
  readonly rows: number;
  readonly columns: number;
  readonly batch: number;
}

export function tilesOf({ rows, columns, batch }: Extents, tile: ProductVariant): number {
  return Math.ceil(rows / (tile.rows * tile.high)) * Math.ceil(columns / (tile.columns * tile.wide)) * batch;
}

/** Variants that suit the extents, the default first. */
export function variantsFor(extents: Extents): readonly ProductVariant[] {
  const { rows, columns } = extents;
  // A tile that lies beyond the edge for a quarter or more is wasted.
  const fits = (tile: ProductVariant): boolean =>
    covered(rows, tile.rows * tile.high) * covered(columns, tile.columns * tile.wide) > 0.75;
  const small = variant(4, 4, sideOf(rows), sideOf(columns), 8);
  const suiting = large.filter(fits);
  const first = suiting.find((tile) => tilesOf(extents, tile) >= 2 * enoughTiles) ?? small;
  return [first, ...[small, ...suiting, ...others.filter(fits)].filter((tile) => tile !== first)];
}

/** The part of the tiles along a side that is inside the matrix. */
function covered(extent: number, tile: number): number {
  return extent / (Math.ceil(extent / tile) * tile);
}

function sideOf(extent: number): number {
  if (extent > 32) return 16;
  return extent > 16 ? 8 : 4;
}
