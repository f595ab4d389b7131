/** The function that computes one tile of a matrix product. */
import type { FunctionReference } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import { finishTile, storeTile } from "../kernels/store-tile.ts";
import { accumulateTile, zeroTile } from "../kernels/tile.ts";

/** A tile whose results are `rows` x `columns`; strides in bytes. */
export interface TileShape {
  readonly rows: number;
  readonly columns: number;
  readonly aRow: number;
  readonly aStep: number;
  readonly bStep: number;
}

/**
 * Its parameters are (a, b, results, bytes between rows of results, depth, continues, finishes, ...operands):
 * `continues` adds to what is there, `finishes` applies the epilogue, without which the last ones are missing.
 */
export function tileFunction(
  module: ModuleBuilder,
  shape: TileShape,
  epilogue?: Epilogue,
): FunctionReference<undefined> {
  // Products that differ in size alone share the function.
  if (!epilogue) return module.once(`tile ${Object.values(shape).join(" ")}`, () => makeTile(module, shape));
  return makeTile(module, shape, epilogue);
}

function makeTile(
  module: ModuleBuilder,
  { rows, columns, ...strides }: TileShape,
  epilogue?: Epilogue,
): FunctionReference<undefined> {
  const parameters = 6 + (epilogue ? 1 + epilogue.operands.length : 0);
  return module.function(new Array(parameters).fill("i32"), undefined, (f) => {
    const [a, b, pointer, rowStride, depth, continues, finishes, ...operands] = Array.from(
      { length: parameters },
      (_, i) => f.parameter(i, "i32"),
    );
    const vectors = Math.ceil(columns / 4);
    const tile = zeroTile(f, rows, vectors);
    accumulateTile(f, module.relaxed, tile, { rows, vectors, ...strides, a, b, depth });
    const place = { pointer, rowStride, columns };
    storeTile(f, tile, place, continues);
    if (epilogue) f.if(finishes, () => finishTile(module, f, rows, place, { epilogue, operands }));
  });
}
