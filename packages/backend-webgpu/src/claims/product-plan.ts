/**
 * The kernels of a tiled product, one for each variant that suits it. Where the result is small and the sum long, the sum
 * is cut into pieces and put together by a second pass, which then applies the epilogue.
 */
import { type NestEpilogue, sizeOf } from "@sconce/core";
import type { KernelPlan, PassBuffer } from "../kernels/pass.ts";
import { elementPass } from "../nests/element-pass.ts";
import { finishingNest, operandBuffers } from "./epilogue.ts";
import type { Product } from "./product.ts";
import { productPass } from "./product-pass.ts";
import { enoughTiles, type ProductVariant, tilesOf, variantsFor } from "./product-variants.ts";
import type { Target } from "./request.ts";

/** Turns below which a piece is not worth its memory. */
const leastPiece = 256;

const factors: readonly PassBuffer[] = [0, 1].map((index) => ({ kind: "input", index }));
const output: PassBuffer = { kind: "output", index: 0 };

/** Kernels that compute the same, the default first. */
export function productPlans(
  product: Product,
  shape: readonly number[],
  target: Target,
  epilogue: NestEpilogue | undefined,
): readonly KernelPlan[] {
  return variantsFor(product).map((variant) => productPlan(product, sizeOf(shape), variant, target, epilogue));
}

function productPlan(
  product: Product,
  size: number,
  variant: ProductVariant,
  { float16 }: Target,
  epilogue: NestEpilogue | undefined,
): KernelPlan {
  const { name, inner, view } = product;
  const tiles = tilesOf(product, variant);
  const pieces = Math.max(1, Math.min(Math.floor(enoughTiles / tiles), Math.floor(inner / leastPiece)));
  const operands = operandBuffers(epilogue);
  const finishing = finishingNest(epilogue, view, size, pieces);
  const options = { variant, pieces, size, float16 };
  if (pieces === 1) {
    const pass = productPass(
      product,
      { ...options, ...(epilogue && { finishing }) },
      [...factors, ...operands],
      output,
    );
    return { name, passes: [pass], temporaries: [] };
  }
  const temporary: PassBuffer = { kind: "temporary", index: 0 };
  return {
    name,
    passes: [
      productPass(product, options, factors, temporary),
      elementPass(finishing, `finish_${name}`, [temporary, ...operands], [output]),
    ],
    temporaries: [4 * pieces * size],
  };
}
