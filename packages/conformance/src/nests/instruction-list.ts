/** Builds a valid instruction list from descriptions: one list is the body of a nest, another its epilogue. */
import { type DType, type Instruction, isFloat, type ScalarOperator } from "@sconce/core";
import type { LoadDescription, StepDescription } from "./nest-description.ts";

/** The inputs of a nest under construction: a dtype each, and how many elements the loads reach. */
export interface InputNeeds {
  readonly dtypes: DType[];
  readonly lengths: number[];
  /** Inputs whose elements are positions, some of them out of range. */
  readonly positions: Set<number>;
  /** The input that a description's number stands for. */
  resolve(choice: number): number;
  /** A new input of positions, or undefined when there is no room for another. */
  addPositions(): number | undefined;
}

const floatOperators: readonly ScalarOperator[] = [
  "add", "subtract", "multiply", "maximum", "minimum", "negate", "absolute", "where", "less", "cast",
];
const integerOperators: readonly ScalarOperator[] = [
  "add", "subtract", "multiply", "maximum", "minimum", "bitwiseAnd", "bitwiseOr", "bitwiseXor", "where", "equal", "less",
  "greaterEqual", "notEqual", "floorDivide", "remainder", "shiftLeft", "shiftRight", "negate", "cast",
];
const boolOperators: readonly ScalarOperator[] = ["and", "or", "not", "where", "cast"];

export class InstructionList {
  readonly instructions: Instruction[] = [];
  readonly dtypes: DType[] = [];
  /** Values that every backend has exactly; only these floats may be compared, since a comparison magnifies rounding. */
  readonly exact: boolean[] = [];
  /** The values that steps, accumulators and stores choose from; the others only say where to load. */
  readonly offered: number[] = [];
  readonly #extents: readonly number[];
  readonly #inputs: InputNeeds;
  readonly #available: readonly DType[];

  /** `extents` of the loops that exist here; `available` dtypes may be computed with. */
  constructor(extents: readonly number[], inputs: InputNeeds, available: readonly DType[]) {
    this.#extents = extents;
    this.#inputs = inputs;
    this.#available = available;
  }

  push(instruction: Instruction, dtype: DType, exact = true): number {
    this.dtypes.push(dtype);
    this.exact.push(exact || !isFloat(dtype));
    return this.instructions.push(instruction) - 1;
  }

  /** Lets later steps use a value. */
  offer(place: number): void {
    this.offered.push(place);
  }

  constant(value: number, dtype: DType): number {
    return this.push({ kind: "constant", dtype, value }, dtype);
  }

  apply(operator: ScalarOperator, dtype: DType, operands: readonly number[], exact = false): number {
    return this.push({ kind: "apply", operator, dtype, operands }, dtype, exact);
  }

  load(description: LoadDescription): void {
    const input = this.#inputs.resolve(description.input);
    switch (description.kind) {
      case "affine":
        return this.#affine(input, description, this.#extents.map((extent) => [0, extent - 1]));
      case "guarded":
        return this.#guarded(input, description);
      case "computed":
        return this.#computed(input, description);
      case "gathered":
        return this.#gathered(input, description);
    }
  }

  /** A load whose positions are in range while every loop is within `ranges`. */
  #affine(input: number, { strides, shift }: LoadDescription, ranges: readonly (readonly number[])[], guard?: number): void {
    const used = this.#extents.map((_, loop) => strides[loop] ?? 0);
    const ends = used.map((stride, loop) => ranges[loop].map((end) => stride * end));
    const lowest = ends.reduce((sum, pair) => sum + Math.min(...pair), 0);
    const highest = ends.reduce((sum, pair) => sum + Math.max(...pair), 0);
    const runs = ranges.every(([low, high]) => low <= high);
    const offset = runs ? shift - lowest : shift;
    this.#require(input, runs ? offset + highest + 1 : 0);
    const dtype = this.#inputs.dtypes[input];
    const access = { kind: "affine", offset, strides: used } as const;
    this.offer(this.push({ kind: "load", input, dtype, access, ...(guard !== undefined && { guard }) }, dtype));
  }

  /** Out of range wherever its guard, a bound on one loop, is false. */
  #guarded(input: number, description: LoadDescription): void {
    const ranges = this.#extents.map((extent) => [0, extent - 1]);
    if (ranges.length === 0) return this.#affine(input, description, ranges);
    const loop = description.pivot % ranges.length;
    const bound = description.shift % Math.max(1, this.#extents[loop]);
    const below = description.pivot % 2 === 0;
    ranges[loop] = below ? [0, bound - 1] : [bound, this.#extents[loop] - 1];
    const index = this.push({ kind: "index", axis: loop }, "int32");
    this.offer(index);
    const guard = this.apply(below ? "less" : "greaterEqual", "bool", [index, this.constant(bound, "int32")]);
    this.#affine(input, description, ranges, guard);
  }

  /** Position (sum of scaled loops) mod length. */
  #computed(input: number, { strides, shift, pivot }: LoadDescription): void {
    const length = pivot + 1;
    let sum = this.constant(shift, "int32");
    this.#extents.forEach((_, axis) => {
      const index = this.push({ kind: "index", axis }, "int32");
      const scaled = this.apply("multiply", "int32", [index, this.constant(strides[axis] ?? 0, "int32")]);
      sum = this.apply("add", "int32", [sum, scaled]);
    });
    const index = this.apply("remainder", "int32", [sum, this.constant(length, "int32")]);
    this.#require(input, length);
    const dtype = this.#inputs.dtypes[input];
    this.offer(this.push({ kind: "load", input, dtype, access: { kind: "computed", index } }, dtype));
  }

  /** A position read from another input, guarded against being out of range. */
  #gathered(input: number, description: LoadDescription): void {
    const from = this.#inputs.addPositions();
    if (from === undefined) return this.#computed(input, description);
    const length = description.pivot + 1;
    this.#affine(from, description, this.#extents.map((extent) => [0, extent - 1]));
    const index = this.instructions.length - 1;
    const above = this.apply("greaterEqual", "bool", [index, this.constant(0, "int32")]);
    const below = this.apply("less", "bool", [index, this.constant(length, "int32")]);
    const guard = this.apply("and", "bool", [above, below]);
    this.#require(input, length);
    const dtype = this.#inputs.dtypes[input];
    this.offer(guard);
    this.offer(this.push({ kind: "load", input, dtype, access: { kind: "computed", index }, guard }, dtype));
  }

  #require(input: number, length: number): void {
    this.#inputs.lengths[input] = Math.max(this.#inputs.lengths[input], length);
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
        const condition = conditions.length > 0 ? conditions[choice % conditions.length] : this.constant(choice % 2, "bool");
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
