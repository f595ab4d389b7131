/** The kernel of a batched matrix product: as a few dot products, or by tiles. */
import type { I32 } from "../assembler/values.ts";
import type { Epilogue } from "../kernels/epilogue.ts";
import type { KernelCode, Phase, Target } from "../kernels/kernel.ts";
import { combinePhase } from "./combine-pieces.ts";
import { batchSize, type ProductDescription } from "./description.ts";
import { dotPhase } from "./dot-product.ts";
import { planTiles } from "./tiled-plan.ts";
import { packingBytes, tiledPhase } from "./tiled-product.ts";

/** With at most this many rows, packing a transposed b costs more than adding up lanes. */
const fewRows = 16;

export function matmulCode(description: ProductDescription, target: Target, epilogue?: Epilogue): KernelCode {
  // A single column is made a single row: the transpose of the product is that of the operands in turn.
  const exchanged = description.n === 1 && description.m > 1;
  const product = normalized(exchanged ? transposed(description) : description);
  const { scratchBytes, phases } = productPhases(product, target, exchanged ? transposedEpilogue(epilogue) : epilogue);
  const { m, n, k, batch } = description;
  return {
    name: `matmul ${batch.map(({ extent }) => `${extent} x `).join("")}[${m}, ${k}][${k}, ${n}]`,
    inputs: 2 + (epilogue?.operands.length ?? 0),
    outputs: 1,
    scratchBytes,
    phases: exchanged ? phases.map(exchangedInputs) : phases,
  };
}

function productPhases(
  product: ProductDescription,
  target: Target,
  epilogue?: Epilogue,
): Pick<KernelCode, "scratchBytes" | "phases"> {
  const { m, n, transposeA, transposeB } = product;
  if (transposeB && !transposeA && m <= fewRows) return { scratchBytes: 0, phases: [dotPhase(product, epilogue)] };
  const plan = planTiles(product, target);
  const partials = target.threads * packingBytes(plan).all;
  const tiles = tiledPhase(product, plan, partials, epilogue);
  if (plan.pieces === 1) return { scratchBytes: partials, phases: [tiles] };
  return {
    scratchBytes: partials + plan.pieces * 4 * batchSize(product) * m * n,
    phases: [tiles, combinePhase(product, plan.pieces, partials, epilogue)],
  };
}

/** Without transpositions that change nothing in memory. */
function normalized(product: ProductDescription): ProductDescription {
  const { m, n, k, transposeA, transposeB } = product;
  return { ...product, transposeA: transposeA && m > 1 && k > 1, transposeB: transposeB && n > 1 && k > 1 };
}

function transposed({ m, n, k, transposeA, transposeB, batch }: ProductDescription): ProductDescription {
  const axes = batch.map(({ extent, a, b }) => ({ extent, a: b, b: a }));
  return { m: n, n: m, k, transposeA: !transposeB, transposeB: !transposeA, batch: axes };
}

function transposedEpilogue(epilogue?: Epilogue): Epilogue | undefined {
  const kinds = { element: "element", row: "column", column: "row" } as const;
  return epilogue && { ...epilogue, operands: epilogue.operands.map((kind) => kinds[kind]) };
}

function exchangedInputs(phase: Phase): Phase {
  const position = (own: number | I32): number | I32 => (typeof own === "number" && own < 2 ? 1 - own : own);
  return { ...phase, emit: (frame) => phase.emit({ ...frame, input: (own) => frame.input(position(own)) }) };
}
