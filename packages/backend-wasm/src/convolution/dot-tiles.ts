/** Dot products of all rows of a with all columns of b, tile by tile (see dot-tile.ts). */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { type I32, type Index, i32 } from "../assembler/values.ts";
import { tileRows } from "../kernels/tile.ts";
import { type DotStrides, dotColumns, dotFunction } from "./dot-tile.ts";

/** Operands known at run time; `columns`, `runs`, `depth` and `accumulate` must be constants or variables. */
interface DotOperands {
  readonly a: I32;
  /** Rows of a: some tiles' worth of the rows that there are in all, or what is left of them. */
  readonly rows: Index;
  readonly columns: I32;
  /** The address of a column of b. */
  readonly b: (column: I32) => I32;
  readonly runs: Index;
  readonly depth: I32;
  readonly output: I32;
  readonly accumulate: I32;
}

/** The function that writes the code for operands with up to `rows` rows. */
export function dotTiles(
  module: ModuleBuilder,
  f: FunctionBuilder,
  relaxed: boolean,
  rows: number,
  strides: DotStrides,
): (operands: DotOperands) => void {
  const most = tileRows(relaxed);
  const tiles = [most, rows % most]
    .filter((height) => height > 0 && height <= rows)
    .map((height) => {
      const width = dotColumns(height);
      return { height, width, run: dotFunction(module, relaxed, { ...strides, rows: height, columns: width }) };
    });
  return ({ columns, b, runs, depth, accumulate, ...start }) => {
    const [a, output, left] = [f.index(start.a), f.index(start.output), f.index(start.rows)];
    const last = f.bind(i32.add(columns, -1));
    for (const { height, width, run } of tiles)
      f.while(
        () => i32.ge_s(left, height),
        () => {
          f.range(0, columns, width, (column) => {
            const addresses = Array.from({ length: width }, (_, k) => b(f.least(i32.add(column, k), last)));
            const to = i32.add(output, i32.mul(column, 4));
            f.callVoid(run, a, ...addresses, runs, depth, to, i32.sub(columns, column), accumulate);
          });
          f.increase(a, height * strides.aRow);
          f.increase(output, height * strides.outputRow);
          f.increase(left, -height);
        },
      );
    f.release(a, output, left);
  };
}
