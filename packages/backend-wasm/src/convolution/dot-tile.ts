/**
 * The inner loop of weight gradients: a tile of dot products between rows of a and columns of b that both lie along the
 * depth, so that nothing has to be transposed. Each accumulator holds four partial sums; they are added up when the
 * depth has been walked, which costs little as long as the depth is some hundreds.
 *
 * The depth may come in runs (one per image) with a fixed distance between them.
 */
import type { FunctionBuilder, FunctionReference, Local } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, i32x4, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import { sumLanes } from "../kernels/vectors.ts";

/** Columns for tiles of 1 to 6 rows: accumulators and operands fit the 15 registers that x86-64 has to spare. */
const columnsOfRows = [0, 9, 5, 3, 2, 2, 2] as const;

/** The columns that a tile of `rows` rows has. */
export function dotColumns(rows: number): number {
  return columnsOfRows[rows];
}

/** Strides in bytes, known now. */
export interface DotStrides {
  /** From one row of a to the next. */
  readonly aRow: number;
  /** From one run to the next. */
  readonly aRun: number;
  readonly bRun: number;
  /** From one row of the result to the next; its columns lie side by side. */
  readonly outputRow: number;
}

interface DotTile extends DotStrides {
  readonly rows: number;
  readonly columns: number;
}

/** Run-time operands; the addresses are locals that move. */
interface DotOperands {
  readonly a: Local<"i32">;
  /** One address per column. */
  readonly b: readonly Local<"i32">[];
  readonly runs: I32;
  /** Elements of a run, at least 1. */
  readonly depth: I32;
  readonly output: I32;
  /** Columns to store, at least 1; the others are computed and forgotten. */
  readonly valid: I32;
  /** Whether to add to what is there. */
  readonly accumulate: I32;
}

/** The function (a, one address for each column, runs, depth, output, valid, accumulate) that computes a tile and stores it. */
export function dotFunction(module: ModuleBuilder, relaxed: boolean, tile: DotTile): FunctionReference<undefined> {
  const { columns } = tile;
  const parameters = Array.from({ length: columns + 6 }, () => "i32" as const);
  return module.function(parameters, undefined, (f) => {
    const [a, ...rest] = parameters.map((type, i) => f.parameter(i, type));
    const [runs, depth, output, valid, accumulate] = rest.slice(columns);
    dotTile(f, relaxed, tile, { a, b: rest.slice(0, columns), runs, depth, output, valid, accumulate });
  });
}

function dotTile(f: FunctionBuilder, relaxed: boolean, tile: DotTile, operands: DotOperands): void {
  const { rows, columns, aRow, aRun, bRun } = tile;
  const { a, b, runs, depth } = operands;
  const sums = Array.from({ length: columns }, () =>
    Array.from({ length: rows }, () => f.local("v128", f32x4.const(0))),
  );
  const held = Array.from({ length: Math.min(rows, columns) }, () => f.local("v128"));
  const streamed = f.local("v128");
  const step = (offset: number, mask: (value: V128) => V128): void => {
    const loadRow = (r: number): V128 => mask(v128.load(a, r * aRow + offset));
    const loadColumn = (k: number): V128 => mask(v128.load(b[k], offset));
    const byColumn = rows >= columns;
    held.forEach((local, i) => {
      f.set(local, byColumn ? loadColumn(i) : loadRow(i));
    });
    for (let i = 0; i < Math.max(rows, columns); i++) {
      f.set(streamed, byColumn ? loadRow(i) : loadColumn(i));
      held.forEach((local, j) => {
        const sum = byColumn ? sums[j][i] : sums[i][j];
        f.set(sum, multiplyAdd(relaxed, streamed, local, sum));
      });
    }
  };
  const advance = (bytes: I32 | number): void => {
    for (const pointer of [a, ...b]) f.increase(pointer, bytes);
  };
  const plain = (value: V128): V128 => value;
  const unroll = 4;
  const end = f.local("i32");
  const left = f.local("i32");
  const mask = f.local("v128", i32x4.lt_s(i32x4.const(0, 1, 2, 3), i32x4.splat(i32.and(depth, 3))));
  f.range(0, runs, 1, () => {
    f.set(left, i32.shr_s(depth, 2));
    f.set(end, i32.add(a, i32.mul(i32.and(left, -unroll), 16)));
    f.while(
      () => i32.ne(a, end),
      () => {
        for (let k = 0; k < unroll; k++) step(16 * k, plain);
        advance(16 * unroll);
      },
    );
    f.set(end, i32.add(a, i32.mul(i32.and(left, unroll - 1), 16)));
    f.while(
      () => i32.ne(a, end),
      () => {
        step(0, plain);
        advance(16);
      },
    );
    f.if(i32.and(depth, 3), () => step(0, (value) => v128.and(value, mask)));
    f.set(left, i32.mul(i32.shr_s(depth, 2), 16));
    f.increase(a, i32.sub(aRun, left));
    for (const pointer of b) f.increase(pointer, i32.sub(bRun, left));
  });
  storeSums(f, sums.flat(), tile, operands);
}

/** Adds up the four parts of each sum and stores the results of the valid columns. */
function storeSums(f: FunctionBuilder, sums: readonly V128[], tile: DotTile, operands: DotOperands): void {
  const { rows, columns, outputRow } = tile;
  const { output, valid, accumulate } = operands;
  const place = (i: number): number => (i % rows) * outputRow + 4 * Math.floor(i / rows);
  const quads: Local<"v128">[] = [];
  for (let i = 0; i < sums.length; i += 4) {
    const quad = sumLanes(f, sums.slice(i, i + 4));
    f.if(accumulate, () => {
      // A column that is not valid may lie in the next row or behind the end: what is read there is not stored.
      const old = sums
        .slice(i, i + 4)
        .reduce<V128>((value, _, lane) => v128.load32_lane(output, value, lane, place(i + lane)), f32x4.const(0));
      f.set(quad, f32x4.add(quad, old));
    });
    quads.push(quad);
  }
  for (let column = 0; column < columns; column++) {
    const store = (): void => {
      for (let i = column * rows; i < (column + 1) * rows; i++)
        f.emit(v128.store32_lane(output, quads[i >> 2], i & 3, place(i)));
    };
    if (column === 0) store();
    else f.if(i32.gt_s(valid, column), store);
  }
}
