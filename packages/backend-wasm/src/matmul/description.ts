/** What a matrix product is asked to do, and where the parts of its operands lie. */
import { type I32, type Index, i32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { Frame } from "../kernels/kernel.ts";
import { positions } from "../kernels/positions.ts";
import type { BoundEpilogue } from "../kernels/store-tile.ts";

/** A loop over products, the strides of the operands in elements; 0 repeats an operand. */
export interface BatchAxis {
  readonly extent: number;
  readonly a: number;
  readonly b: number;
}

/** op(a) is [m, k], op(b) is [k, n], each result [m, n]; all extents at least 1 and all matrices row-major. */
export interface ProductDescription {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** a is stored as [k, m]. */
  readonly transposeA: boolean;
  /** b is stored as [n, k]. */
  readonly transposeB: boolean;
  /** Outermost first; the results lie one after the other in this order. */
  readonly batch: readonly BatchAxis[];
}

/** Products of the batch. */
export function batchSize({ batch }: ProductDescription): number {
  return batch.reduce((size, { extent }) => size * extent, 1);
}

/** The addresses of both operands' matrices of product `index` of the batch. */
export function operandAddresses({ f, input }: Frame, { batch }: ProductDescription, index: I32): readonly [I32, I32] {
  const at = positions(
    f,
    index,
    batch.map(({ extent }) => extent),
  );
  const address = (position: number, stride: (axis: BatchAxis) => number): I32 =>
    f.bind(batch.reduce((sum, axis, i) => i32.add(sum, i32.mul(at[i], 4 * stride(axis))), input(position)));
  return [address(0, ({ a }) => a), address(1, ({ b }) => b)];
}

/** Bytes from the start of the results to one of them. */
export function resultOffset({ m, n }: ProductDescription, index: I32, row: Index, column: Index): I32 {
  return i32.add(i32.add(i32.mul(index, 4 * m * n), i32.mul(row, 4 * n)), i32.mul(column, 4));
}

/** The addresses that an epilogue's operands have for the result at [row, column] of product `index`. */
export function bindEpilogue(
  { input }: Frame,
  description: ProductDescription,
  epilogue: Epilogue,
  index: I32,
  row: Index,
  column: Index,
): BoundEpilogue {
  const offsets = {
    element: () => resultOffset(description, index, row, column),
    row: () => i32.mul(row, 4),
    column: () => i32.mul(column, 4),
  };
  return { epilogue, operands: epilogue.operands.map((kind, i) => i32.add(input(2 + i), offsets[kind]())) };
}
