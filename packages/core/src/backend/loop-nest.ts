/**
 * The loop nest: all that a backend must be able to run.
 *
 * For every output index i: run `body` for every reduction index r, accumulating; then run `epilogue` once and store.
 * Without a reduction, `body` runs once per output index, `epilogue` is empty, and stores name body instructions.
 *
 * Loops are numbered: the output loops come first (0 .. shape.length - 1), then the reduction loops. Strides of an
 * affine access are given per loop in that order; in the epilogue only the output loops exist.
 */
import type { DType } from "../dtype.ts";
import type { Shape } from "../shape.ts";
import type { ScalarOperator } from "./scalar-operator.ts";

/** How a reduction combines values; it starts from the neutral element (0, -inf, +inf, 1, or the dtype's own limits). */
export type Combine = "sum" | "max" | "min" | "product";

/** The neutral element of `combine` in `dtype`. */
export function neutralElement(combine: Combine, dtype: DType): number {
  if (combine === "sum") return 0;
  if (combine === "product") return 1;
  const lowest = { int32: -(2 ** 31), uint32: 0, uint8: 0, bool: 0 } as Partial<Record<DType, number>>;
  const highest = { int32: 2 ** 31 - 1, uint32: 2 ** 32 - 1, uint8: 255, bool: 1 } as Partial<Record<DType, number>>;
  return combine === "max" ? (lowest[dtype] ?? Number.NEGATIVE_INFINITY) : (highest[dtype] ?? Number.POSITIVE_INFINITY);
}

/** Where a load reads: an element offset that is affine in the loops, or one computed by an int32 instruction. */
export type Access =
  | { readonly kind: "affine"; readonly offset: number; readonly strides: readonly number[] }
  | { readonly kind: "computed"; readonly index: number };

/** One step in single-assignment form; operands are positions of earlier instructions of the same list. */
export type Instruction =
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  /** The position along a loop, as an int32. */
  | { readonly kind: "index"; readonly axis: number }
  /** The finished value of an accumulator; only in the epilogue. */
  | { readonly kind: "accumulator"; readonly index: number }
  /** Reads an input. With a guard (a bool instruction) that is false, nothing is read and the value is 0. */
  | {
      readonly kind: "load";
      readonly input: number;
      readonly dtype: DType;
      readonly access: Access;
      readonly guard?: number;
    }
  | {
      readonly kind: "apply";
      readonly operator: ScalarOperator;
      readonly dtype: DType;
      readonly operands: readonly number[];
    };

export interface Accumulator {
  /** The body instruction that is accumulated. */
  readonly value: number;
  readonly combine: Combine;
  readonly dtype: DType;
}

/** One kernel, before a backend compiles it. */
export interface LoopNest {
  readonly shape: Shape;
  readonly reduce?: { readonly extent: Shape; readonly accumulators: readonly Accumulator[] };
  /** Dtype of each input buffer. */
  readonly inputs: readonly DType[];
  readonly body: readonly Instruction[];
  readonly epilogue: readonly Instruction[];
  /** Each writes a contiguous row-major array of `shape`, from an instruction of the epilogue (of the body without a reduction). */
  readonly stores: readonly { readonly value: number; readonly dtype: DType }[];
}

/** The dtype of an instruction's value. */
export function instructionDType(nest: LoopNest, instruction: Instruction): DType {
  if (instruction.kind === "index") return "int32";
  if (instruction.kind === "accumulator") return nest.reduce?.accumulators[instruction.index].dtype ?? "float32";
  return instruction.dtype;
}
