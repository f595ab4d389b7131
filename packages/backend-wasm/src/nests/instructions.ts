/**
 * An instruction list as vector code. Every instruction is computed once: a value used several times, or inside a deeper
 * loop, is kept in a local, any other becomes part of the expression that uses it. A product that is only added to
 * something becomes a fused multiply-add where that exists.
 */
import { type DType, type Instruction, isFloat } from "@sconce/core";
import { f32x4, f64x2, type V128 } from "../assembler/simd.ts";
import { constantLanes, type LaneContext } from "./lanes.ts";
import { applyOperator, type Operand } from "./operators.ts";

export type LoadInstruction = Instruction & { readonly kind: "load" };

/** Where the values come from that instructions do not compute themselves. */
export interface Sources {
  /** The elements that a load reads; `value` gives the lanes of earlier instructions. */
  load(instruction: LoadInstruction, place: number, value: (place: number) => V128): V128;
  index(axis: number): V128;
  accumulator(index: number): V128;
}

/** The lanes of a list's instructions, as far as they have been computed. */
export type Values = (V128 | undefined)[];

export class InstructionList {
  readonly #list: readonly Instruction[];
  readonly #dtypes: readonly DType[];
  readonly #levels: readonly number[];
  /** Values that go into locals. */
  readonly #kept: readonly boolean[];
  /** Values that have code of their own: all but the products that sums take in. */
  readonly #emitted: readonly boolean[];
  /** The product that a sum takes in, by the sum's place. */
  readonly #products = new Map<number, number>();

  /**
   * `accumulators` are the dtypes of what the list reads by number; `results` are the instructions used from outside;
   * `levels` are the loops that each instruction is inside of.
   */
  constructor(
    list: readonly Instruction[],
    accumulators: readonly DType[],
    results: readonly number[],
    relaxed: boolean,
    levels: readonly number[] = list.map(() => 0),
  ) {
    this.#list = list;
    this.#levels = levels;
    this.#dtypes = list.map((instruction) =>
      instruction.kind === "index"
        ? "int32"
        : instruction.kind === "accumulator"
          ? accumulators[instruction.index]
          : instruction.dtype,
    );
    const users: number[][] = list.map(() => []);
    list.forEach((instruction, place) => {
      for (const operand of operandsOf(instruction)) users[operand].push(place);
    });
    const outside = new Set(results);
    if (relaxed) {
      list.forEach((instruction, place) => {
        if (
          instruction.kind !== "apply" ||
          !/^(add|subtract)$/.test(instruction.operator) ||
          !isFloat(instruction.dtype)
        )
          return;
        const product = instruction.operands.find(
          (operand) =>
            isProduct(list[operand]) &&
            users[operand].length === 1 &&
            !outside.has(operand) &&
            levels[operand] === levels[place],
        );
        if (product !== undefined) this.#products.set(place, product);
      });
    }
    const fused = new Set(this.#products.values());
    this.#emitted = list.map((_, place) => !fused.has(place));
    this.#kept = list.map(
      (_, place) =>
        outside.has(place) || users[place].length > 1 || users[place].some((user) => levels[user] > levels[place]),
    );
  }

  dtype(place: number): DType {
    return this.#dtypes[place];
  }

  /** Computes the instructions of one level; the locals that it takes are added to `locals`. */
  emit(context: LaneContext, level: number, sources: Sources, values: Values): void {
    this.#list.forEach((instruction, place) => {
      if (this.#levels[place] !== level || !this.#emitted[place]) return;
      const lanes = this.#compute(context, instruction, place, sources, values);
      values[place] =
        this.#kept[place] && this.#list[place].kind !== "constant" ? context.f.local("v128", lanes) : lanes;
    });
  }

  #compute(context: LaneContext, instruction: Instruction, place: number, sources: Sources, values: Values): V128 {
    const value = (operand: number): V128 => values[operand] as V128;
    switch (instruction.kind) {
      case "constant":
        return constantLanes(context.f, instruction.dtype, instruction.value);
      case "index":
        return sources.index(instruction.axis);
      case "accumulator":
        return sources.accumulator(instruction.index);
      case "load":
        return sources.load(instruction, place, value);
      case "apply": {
        const { operator, dtype, operands } = instruction;
        const product = this.#products.get(place);
        if (product !== undefined) {
          const [a, b] = operandsOf(this.#list[product]).map(value);
          const type = dtype === "float64" ? f64x2 : f32x4;
          const addend = value(operands[0] === product ? operands[1] : operands[0]);
          if (operator === "add") return type.relaxed_madd(a, b, addend);
          return operands[0] === product ? type.relaxed_madd(a, b, type.neg(addend)) : type.relaxed_nmadd(a, b, addend);
        }
        const all = operands.map((operand): Operand => {
          const source = this.#list[operand];
          return { lanes: value(operand), ...(source.kind === "constant" && { constant: source.value }) };
        });
        return applyOperator(context, operator, dtype, this.#dtypes[operands[operands.length - 1]], all);
      }
    }
  }
}

function isProduct(instruction: Instruction): boolean {
  return instruction.kind === "apply" && instruction.operator === "multiply";
}

/** Earlier instructions that one reads. */
export function operandsOf(instruction: Instruction): readonly number[] {
  if (instruction.kind === "apply") return instruction.operands;
  if (instruction.kind !== "load") return [];
  const { access, guard } = instruction;
  return [...(access.kind === "computed" ? [access.index] : []), ...(guard === undefined ? [] : [guard])];
}
