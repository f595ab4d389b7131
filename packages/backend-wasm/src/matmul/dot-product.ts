/**
 * The product of few rows with a transposed b: both operands run along the depth, so vectors of it are multiplied as
 * they lie in memory, with nothing to pack, and the lanes of each sum are added up at the end.
 */
import type { FunctionReference } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Phase } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import { finishTile, storeTile } from "../kernels/store-tile.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import { laneMask, sumLanes } from "../kernels/vectors.ts";
import { batchSize, bindEpilogue, operandAddresses, type ProductDescription, resultOffset } from "./description.ts";

/** Rows of a tile; a single row takes twice the columns. */
const tileHeight = 2;
const tileWidth = 4;
/** Products of numbers that are worth a unit. */
const unitWork = 2 ** 16;

/** A unit is all rows by some columns. */
export function dotPhase(description: ProductDescription, epilogue?: Epilogue): Phase {
  const { m, n, k } = description;
  const width = m === 1 ? 2 * tileWidth : tileWidth;
  const panels = Math.ceil(n / width);
  const extents = [batchSize(description), panels];
  return {
    units: extents[0] * panels,
    grain: Math.ceil(unitWork / (m * k * width)),
    emit: (frame) => {
      const { module, f, first, last } = frame;
      const tiles = new Map<number, FunctionReference<undefined>>();
      const tile = (rows: number, columns: number): FunctionReference<undefined> => {
        const made = tiles.get(rows * n + columns) ?? dotFunction(module, rows, columns, description, epilogue);
        tiles.set(rows * n + columns, made);
        return made;
      };
      f.range(first, last, 1, (unit) => {
        const [product, panel] = positions(f, unit, extents);
        const [a, b] = operandAddresses(frame, description, product);
        const column = f.bind(i32.mul(panel, width));
        const bAt = f.bind(i32.add(b, i32.mul(column, 4 * k)));
        const visit = (row: I32, rows: number, columns: number): void =>
          f.callVoid(
            tile(rows, columns),
            i32.add(a, i32.mul(row, 4 * k)),
            bAt,
            i32.add(frame.output(0), resultOffset(description, product, row, column)),
            ...(epilogue ? bindEpilogue(frame, description, epilogue, product, row, column).operands : []),
          );
        const visitRows = (columns: number): void => {
          f.range(0, m - (m % tileHeight), tileHeight, (row) => visit(row, tileHeight, columns));
          if (m % tileHeight > 0) visit(i32.const(m - (m % tileHeight)), m % tileHeight, columns);
        };
        const ragged = n % width;
        if (ragged === 0) visitRows(width);
        else
          f.if(
            i32.lt_u(panel, panels - 1),
            () => visitRows(width),
            () => visitRows(ragged),
          );
      });
    },
  };
}

/** The function (a, b, results, ...operands) for one tile. */
function dotFunction(
  module: ModuleBuilder,
  rows: number,
  columns: number,
  { n, k }: ProductDescription,
  epilogue?: Epilogue,
): FunctionReference<undefined> {
  const parameters = 3 + (epilogue?.operands.length ?? 0);
  return module.function(new Array(parameters).fill("i32"), undefined, (f) => {
    const [a, b, pointer, ...operands] = Array.from({ length: parameters }, (_, i) => f.parameter(i, "i32"));
    const sums = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => f.local("v128", f32x4.const(0))),
    );
    const left = sums.map(() => f.local("v128"));
    const right = f.local("v128");
    const step = (masked: (vector: V128) => V128): void => {
      left.forEach((vector, r) => {
        f.set(vector, masked(v128.load(a, 4 * k * r)));
      });
      for (let c = 0; c < columns; c++) {
        f.set(right, masked(v128.load(b, 4 * k * c)));
        sums.forEach((row, r) => {
          f.set(row[c], multiplyAdd(module.relaxed, left[r], right, row[c]));
        });
      }
    };
    f.range(0, k - (k % 4), 4, () => {
      step((vector) => vector);
      f.increase(a, 16);
      f.increase(b, 16);
    });
    if (k % 4 > 0) step((vector) => v128.and(vector, laneMask(f, k % 4)));
    const tile = sums.map((row) =>
      Array.from({ length: Math.ceil(columns / 4) }, (_, j) => sumLanes(f, row.slice(4 * j, 4 * j + 4))),
    );
    const place = { pointer, rowStride: 4 * n, columns };
    storeTile(f, tile, place);
    if (epilogue) finishTile(module, f, rows, place, { epilogue, operands });
  });
}
