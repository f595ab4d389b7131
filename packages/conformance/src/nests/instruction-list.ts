/** A valid instruction list under construction: one is the body of a nest, another its epilogue. */
import { type DType, type Instruction, isFloat, type ScalarOperator } from "@sconce/core";
import type { StepDescription } from "./nest-description.ts";

const floatOperators: readonly ScalarOperator[] = [
  "add",
  "subtract",
  "multiply",
  "maximum",
  "minimum",
  "negate",
  "absolute",
  "where",
  "less",
  "cast",
];
const integerOperators: readonly ScalarOperator[] = [
  "add",
  "subtract",
  "multiply",
  "maximum",
  "minimum",
  "bitwiseAnd",
  "bitwiseOr",
  "bitwiseXor",
  "where",
  "equal",
  "less",
  "greaterEqual",
  "notEqual",
  "floorDivide",
  "remainder",
  "shiftLeft",
  "shiftRight",
  "negate",
  "cast",
];
const boolOperators: readonly ScalarOperator[] = ["and", "or", "not", "where", "cast"];

export class InstructionList {
  readonly instructions: Instruction[] = [];
  readonly dtypes: DType[] = [];
  /** Values that every backend has exactly; only these floats may be compared, since a comparison magnifies rounding. */
  readonly exact: boolean[] = [];
  /** The values that steps, accumulators and stores choose from; the others only say where to load. */
  readonly offered: number[] = [];
  readonly #available: readonly DType[];

  /** `available` dtypes may be computed with. */
  constructor(available: readonly DType[]) {
    this.#available = available;
  }

  push(instruction: Instruction, dtype: DType, exact = true): number {
    this.dtypes.push(dtype);
    this.exact.push(exact || !isFloat(dtype));
    return this.instructions.push(instruction) - 1;
  }

  /** Lets later steps use a value. */
  offer(place: number): number {
    this.offered.push(place);
    return place;
  }

  constant(value: number, dtype: DType): number {
    return this.push({ kind: "constant", dtype, value }, dtype);
  }

  apply(operator: ScalarOperator, dtype: DType, operands: readonly number[], exact = false): number {
    return this.push({ kind: "apply", operator, dtype, operands }, dtype, exact);
  }

  /** One more operator on values that are there. */
  step({ operator: choice, operands: [first, second, third] }: StepDescription): void {
    const a = this.offered[first % this.offered.length];
    const dtype = this.dtypes[a];
    const operators = isFloat(dtype) ? floatOperators : dtype === "bool" ? boolOperators : integerOperators;
    const operator = operators[choice % operators.length];
    const same = this.offered.filter((place) => this.dtypes[place] === dtype);
    const b = same[second % same.length];
    const result = this.#combine(operator, a, b, third);
    if (result !== undefined) this.offer(result);
  }

  #combine(operator: ScalarOperator, a: number, b: number, choice: number): number | undefined {
    const dtype = this.dtypes[a];
    const bothExact = this.exact[a] && this.exact[b];
    switch (operator) {
      case "not":
      case "negate":
      case "absolute":
        return this.apply(operator, dtype, [a], this.exact[a]);
      case "where": {
        const conditions = this.offered.filter((place) => this.dtypes[place] === "bool");
        const condition =
          conditions.length > 0 ? conditions[choice % conditions.length] : this.constant(choice % 2, "bool");
        return this.apply("where", dtype, [condition, a, b], bothExact);
      }
      case "cast":
        return this.#cast(a, choice);
      case "floorDivide":
      case "remainder":
        return this.apply(operator, dtype, [a, this.constant(1 + (choice % 5), dtype)]);
      case "shiftLeft":
      case "shiftRight":
        return this.apply(operator, dtype, [a, this.constant(choice % 8, dtype)]);
      case "equal":
      case "notEqual":
      case "less":
      case "greaterEqual":
        return bothExact ? this.apply(operator, "bool", [a, b]) : undefined;
      case "maximum":
      case "minimum":
        return this.apply(operator, dtype, [a, b], bothExact);
      default:
        return this.apply(operator, dtype, [a, b]);
    }
  }

  /** Floats become other floats, since truncation would magnify rounding; integers and bools become anything. */
  #cast(value: number, choice: number): number | undefined {
    const from = this.dtypes[value];
    const targets = this.#available.filter((to) => to !== from && (isFloat(to) || !isFloat(from)));
    return targets.length > 0 ? this.apply("cast", targets[choice % targets.length], [value]) : undefined;
  }

  /** The offered value number `choice`, cast where stores cannot take its dtype. */
  storable(choice: number, storable: readonly DType[]): number {
    const value = this.offered[choice % this.offered.length];
    return storable.includes(this.dtypes[value]) ? value : this.apply("cast", "float32", [value]);
  }
}
