/**
 * The inner loop of every matrix product: a tile of `rows` x (4 `vectors`) float32 results stays in registers while the
 * depth is walked; each step loads the vectors of b, spreads each element of a over a vector, and adds their products.
 * Six rows of two vectors are 12 accumulators, 2 operands and 1 spread element: 15 of the 16 registers of x86-64.
 */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { f32x4, type f64x2, type V128, v128 } from "../assembler/simd.ts";
import { asI32, type Index, i32 } from "../assembler/values.ts";

/** Rows of the tile that suits most processors; without fused multiply-add each product needs a register of its own. */
export function tileRows(relaxed: boolean): number {
  return relaxed ? 6 : 5;
}

/** Its vectors. */
export const tileVectors = 2;

/** Where a tile's operands lie; all strides in bytes, known now. */
export interface TileOperands {
  readonly rows: number;
  readonly vectors: number;
  /** Address of a(0, 0); moves. */
  readonly a: Local<"i32">;
  /** From one row of a to the next: 4 when packed as [depth][rows]. */
  readonly aRow: number;
  /** From one step of the depth to the next. */
  readonly aStep: number;
  /** Address of b(0, 0); moves. The vectors of one step lie side by side. */
  readonly b: Local<"i32">;
  readonly bStep: number;
  /** Steps, at least 1. */
  readonly depth: Index;
}

/** a * b + c, in one instruction where that is allowed. */
export function multiplyAdd(
  relaxed: boolean,
  a: V128,
  b: V128,
  c: V128,
  lanes: typeof f32x4 | typeof f64x2 = f32x4,
): V128 {
  return relaxed ? lanes.relaxed_madd(a, b, c) : lanes.add(lanes.mul(a, b), c);
}

/** Accumulators by row and vector, set to 0. */
export function zeroTile(f: FunctionBuilder, rows: number, vectors: number): Local<"v128">[][] {
  return Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local("v128", f32x4.const(0))));
}

/** Adds the products of the whole depth to `tile`; `a` and `b` end behind what was read. */
export function accumulateTile(
  f: FunctionBuilder,
  relaxed: boolean,
  tile: readonly (readonly Local<"v128">[])[],
  operands: TileOperands,
): void {
  const { rows, vectors, a, aRow, aStep, b, bStep, depth } = operands;
  const known = asI32(depth).constant;
  const unroll = 4;
  const spread = f.local("v128");
  // A single row uses each vector of b once, straight from memory.
  const columns = Array.from({ length: rows > 1 ? vectors : 0 }, () => f.local("v128"));
  const step = (k: number): void => {
    const vector = (j: number): V128 => v128.load(b, k * bStep + 16 * j);
    columns.forEach((column, j) => {
      f.set(column, vector(j));
    });
    for (let r = 0; r < rows; r++) {
      f.set(spread, v128.load32_splat(a, k * aStep + r * aRow));
      tile[r].forEach((sum, j) => {
        f.set(sum, multiplyAdd(relaxed, spread, columns[j] ?? vector(j), sum));
      });
    }
  };
  const advance = (steps: number): void => {
    f.increase(a, steps * aStep);
    f.increase(b, steps * bStep);
  };
  const whole = known === undefined ? i32.and(depth, -unroll) : i32.const(known - (known % unroll));
  const left = known === undefined ? f.bind(i32.and(depth, unroll - 1)) : i32.const(known % unroll);
  f.range(0, f.bind(whole), unroll, () => {
    for (let k = 0; k < unroll; k++) step(k);
    advance(unroll);
  });
  f.range(0, left, 1, () => {
    step(0);
    advance(1);
  });
  f.release(spread, ...columns);
}
