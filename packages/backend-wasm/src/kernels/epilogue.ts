/**
 * What is done to the results of a matrix product or convolution before they are stored: bias, activation, residual
 * sum. It spares the pass over memory that a loop nest of its own would take.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { V128 } from "../assembler/simd.ts";

/**
 * How an operand lines up with the result, seen as row-major matrices [rows, columns] (convolution: one per image, a row
 * per output channel and a column per position): `element` is as large as the whole result, `row` has one value per
 * row (of all groups; the same for every matrix of a batch), `column` one per column. All float32.
 */
export type OperandKind = "element" | "row" | "column";

export interface Epilogue {
  /** Appended to the kernel's own inputs, in this order. */
  readonly operands: readonly OperandKind[];
  /** What to store, from four results of one row and the operands that belong to them. */
  emit(module: ModuleBuilder, f: FunctionBuilder, value: V128, operands: readonly V128[]): V128;
}
