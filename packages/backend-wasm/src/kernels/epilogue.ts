/**
 * What is done to the results of a matrix product or convolution before they are stored: bias, activation, residual
 * sum. It spares the pass over memory that a loop nest of its own would take.
 */
import type { OperandKind } from "@sconce/core";
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import type { V128 } from "../assembler/simd.ts";

/** An epilogue of a matrix product, or of a convolution: one matrix per image, a row per output channel. All float32. */
export interface Epilogue {
  /** Appended to the kernel's own inputs, in this order. */
  readonly operands: readonly OperandKind[];
  /** What to store, from four results of one row and the operands that belong to them. */
  emit(module: ModuleBuilder, f: FunctionBuilder, value: V128, operands: readonly V128[]): V128;
}
