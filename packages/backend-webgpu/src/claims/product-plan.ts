/** The kernel of a tiled product; where the result is small and the sum long, the sum is cut and put together again. */
import { type LoopNest, sizeOf } from "@sconce/core";
import type { KernelPlan, PassBuffer } from "../kernels/pass.ts";
import { elementPass } from "../nests/element-pass.ts";
import { type Product, productPass } from "./product-pass.ts";

/** Fewer tiles than this leave a graphics card idle. */
const enoughTiles = 128;
/** Turns below which a piece is not worth its memory. */
const leastPiece = 256;

const inputs: readonly PassBuffer[] = [0, 1].map((index) => ({ kind: "input", index }));
const output: PassBuffer = { kind: "output", index: 0 };

export function productPlan(product: Omit<Product, "pieces" | "size">, shape: readonly number[]): KernelPlan {
  const { name, rows, columns, inner, batch } = product;
  const size = sizeOf(shape);
  const tiles = Math.ceil(rows / 64) * Math.ceil(columns / 64) * batch;
  const pieces = Math.max(1, Math.min(Math.floor(enoughTiles / tiles), Math.floor(inner / leastPiece)));
  if (pieces === 1) {
    return { name, passes: [productPass({ ...product, pieces, size }, inputs, output)], temporaries: [] };
  }
  const temporary: PassBuffer = { kind: "temporary", index: 0 };
  const total: LoopNest = {
    shape: [size],
    reduce: { extent: [pieces], accumulators: [{ value: 0, combine: "sum", dtype: "float32" }] },
    inputs: ["float32"],
    body: [{ kind: "load", input: 0, dtype: "float32", access: { kind: "affine", offset: 0, strides: [1, size] } }],
    epilogue: [{ kind: "accumulator", index: 0 }],
    stores: [{ value: 0, dtype: "float32" }],
  };
  return {
    name,
    passes: [
      productPass({ ...product, pieces, size }, inputs, temporary),
      elementPass(total, `finish_${name}`, [temporary], [output]),
    ],
    temporaries: [4 * pieces * size],
  };
}
