/**
 * A loop nest seen as the epilogue of the kernel whose result it reads. That works where it computes every element of
 * the result on its own, and where all else it reads lines up with the result's rows and columns.
 *
 * An affine load over loops that were joined at will is recognised by what it must be: each operand kind depends on one
 * digit of the element's number, written in the mixed radix (batch, row, column). A loop inside the digit must have the
 * digit's stride, one outside it must have none, and none may lie across its ends.
 */
import type { Instruction, LoopNest } from "../backend/loop-nest.ts";
import { sizeOf, stridesOf } from "../shape.ts";

/**
 * How an operand lines up with the result: `element` is as large as all of it, `row` has one value per row (the same for
 * every matrix of a batch), `column` one per column.
 */
export type OperandKind = "element" | "row" | "column";

/** How a result is seen: any number of matrices of `rows` by `columns`. */
export interface MatrixView {
  readonly rows: number;
  readonly columns: number;
}

/** An epilogue without its loops: in its loads, input 0 is the result and input i + 1 is operand i. */
export interface NestEpilogue {
  readonly operands: readonly OperandKind[];
  readonly instructions: readonly Instruction[];
  /** The instruction that is stored. */
  readonly value: number;
}

/** `nest` as an epilogue on its input `result` of `size` elements, and for each operand the input it comes from. */
export function nestEpilogue(
  nest: LoopNest,
  result: number,
  size: number,
  view: MatrixView,
): { readonly epilogue: NestEpilogue; readonly inputs: readonly number[] } | undefined {
  const [store] = nest.stores;
  if (nest.reduce || nest.stores.length > 1 || store.dtype !== "float32" || sizeOf(nest.shape) !== size)
    return undefined;
  const kinds = kindsOf(nest, size, view);
  const operands: { readonly input: number; readonly kind: OperandKind }[] = [];
  const instructions: Instruction[] = [];
  for (const instruction of nest.body) {
    if (instruction.kind === "index" || instruction.kind === "accumulator") return undefined;
    if (instruction.dtype !== "float32" && (instruction.kind === "load" || instruction.dtype !== "bool"))
      return undefined;
    if (instruction.kind !== "load") {
      instructions.push(instruction);
      continue;
    }
    const { access, guard, input } = instruction;
    if (access.kind !== "affine" || access.offset !== 0 || guard !== undefined) return undefined;
    const possible = kinds.filter(({ strides }) => strides.every((s, loop) => s === access.strides[loop]));
    let place = 0;
    if (input === result) {
      if (!possible.some(({ kind }) => kind === "element")) return undefined;
    } else {
      if (possible.length === 0) return undefined;
      const [{ kind }] = possible;
      place = 1 + operands.findIndex((known) => known.input === input && known.kind === kind);
      if (place === 0) place = operands.push({ input, kind });
    }
    instructions.push({ kind: "load", dtype: "float32", input: place, access: { ...access, strides: [] } });
  }
  const epilogue = { operands: operands.map(({ kind }) => kind), instructions, value: store.value };
  return { epilogue, inputs: operands.map(({ input }) => input) };
}

/** The strides with which an operand of each kind is read; of kinds that are the same here, the cheapest comes first. */
function kindsOf(
  nest: LoopNest,
  size: number,
  { rows, columns }: MatrixView,
): { kind: OperandKind; strides: number[] }[] {
  const digits: readonly [OperandKind, number, number][] = [
    ["row", columns, rows * columns],
    ["column", 1, columns],
    ["element", 1, size],
  ];
  return digits.map(([kind, low, high]) => {
    const strides = stridesOf(nest.shape).map((step, loop) => {
      const end = step * nest.shape[loop];
      if (nest.shape[loop] === 1 || low === high || end <= low || step >= high) return 0;
      return step >= low && end <= high ? step / low : Number.NaN;
    });
    return { kind, strides };
  });
}
