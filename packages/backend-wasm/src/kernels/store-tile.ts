/**
 * From a tile of results in registers to memory. Nothing is written beside the tile: a ragged last vector is stored by
 * lanes. An epilogue is a second walk over what was just stored, row by row, because a loop holds its code once per
 * vector of a row while the registers of a tile would need it once for each.
 */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, type V128, v128 } from "../assembler/simd.ts";
import { asI32, type Index } from "../assembler/values.ts";
import type { Epilogue } from "./epilogue.ts";

/** Where a tile lies. */
export interface TilePlace {
  /** Address of its first result. */
  readonly pointer: Index;
  /** Bytes from one row to the next; a constant or a variable. */
  readonly rowStride: Index;
  /** Columns of it that exist. */
  readonly columns: number;
}

/** An epilogue and the addresses of its operands: of the values for the tile's first row or column or element. */
export interface BoundEpilogue {
  readonly epilogue: Epilogue;
  readonly operands: readonly Index[];
}

/** Stores the first `lanes` lanes, at most four, of a vector that is computed once. */
export function storeLanes(f: FunctionBuilder, pointer: Index, value: V128, lanes: number, offset = 0): void {
  if (lanes >= 4) {
    f.emit(v128.store(pointer, value, offset));
    return;
  }
  if (lanes === 3) {
    const known = f.local("v128", value);
    f.emit(v128.store64_lane(pointer, known, 0, offset), v128.store32_lane(pointer, known, 2, offset + 8));
    f.release(known);
  } else f.emit((lanes === 2 ? v128.store64_lane : v128.store32_lane)(pointer, value, 0, offset));
}

/** Stores the tile; with an `accumulate` that is not 0 it is added to what is there. */
export function storeTile(
  f: FunctionBuilder,
  tile: readonly (readonly Local<"v128">[])[],
  { pointer, rowStride, columns }: TilePlace,
  accumulate: Index = 0,
): void {
  const eachRow = (visit: (row: readonly Local<"v128">[], pointer: Local<"i32">) => void): void => {
    const at = f.index(pointer);
    tile.forEach((row, r) => {
      if (r > 0) f.increase(at, rowStride);
      visit(row, at);
    });
    f.release(at);
  };
  f.if(asI32(accumulate), () => {
    eachRow((row, at) => {
      row.forEach((value, j) => {
        f.set(value, f32x4.add(value, v128.load(at, 16 * j)));
      });
    });
  });
  eachRow((row, at) => {
    row.forEach((value, j) => {
      storeLanes(f, at, value, columns - 4 * j, 16 * j);
    });
  });
}

/**
 * Applies an epilogue to `rows` rows of stored results. That they are stored before the operands are read is safe: core
 * lets only loop nests write over their own inputs, never claimed ops.
 */
export function finishTile(
  module: ModuleBuilder,
  f: FunctionBuilder,
  rows: Index,
  { pointer, rowStride, columns }: TilePlace,
  { epilogue, operands }: BoundEpilogue,
): void {
  const at = f.index(pointer);
  const places = operands.map((operand) => f.index(operand));
  f.range(0, rows, 1, () => {
    for (let j = 0; 4 * j < columns; j++) {
      const load = (place: Local<"i32">, i: number): V128 =>
        epilogue.operands[i] === "row" ? v128.load32_splat(place) : v128.load(place, 16 * j);
      const value = f.local("v128", v128.load(at, 16 * j));
      const vectors = places.map((place, i) => f.local("v128", load(place, i)));
      storeLanes(f, at, epilogue.emit(module, f, value, vectors), columns - 4 * j, 16 * j);
      f.release(value, ...vectors);
    }
    f.increase(at, rowStride);
    places.forEach((place, i) => {
      if (epilogue.operands[i] !== "column") f.increase(place, epilogue.operands[i] === "row" ? 4 : rowStride);
    });
  });
  f.release(at, ...places);
}
