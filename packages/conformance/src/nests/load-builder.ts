/** Adds loads to an instruction list so that whatever is read exists; the inputs grow as long as that takes. */
import type { DType } from "@sconce/core";
import type { InstructionList } from "./instruction-list.ts";
import type { LoadDescription } from "./nest-description.ts";

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

/** First and last position of each loop. */
type Ranges = readonly (readonly [first: number, last: number])[];

/** Adds loads to one list of a nest. */
export class LoadBuilder {
  readonly #list: InstructionList;
  readonly #extents: readonly number[];
  readonly #inputs: InputNeeds;

  /** `extents` of the loops that exist in `list`. */
  constructor(list: InstructionList, extents: readonly number[], inputs: InputNeeds) {
    this.#list = list;
    this.#extents = extents;
    this.#inputs = inputs;
  }

  add(description: LoadDescription): void {
    const input = this.#inputs.resolve(description.input);
    switch (description.kind) {
      case "affine":
        this.#affine(input, description, this.#everywhere);
        break;
      case "guarded":
        this.#guarded(input, description);
        break;
      case "computed":
        this.#computed(input, description);
        break;
      case "gathered":
        this.#gathered(input, description);
    }
  }

  get #everywhere(): Ranges {
    return this.#extents.map((extent) => [0, extent - 1]);
  }

  /** A load whose positions exist while every loop is within `ranges`. */
  #affine(input: number, { strides, shift }: LoadDescription, ranges: Ranges, guard?: number): number {
    const used = this.#extents.map((_, loop) => strides[loop] ?? 0);
    const ends = used.map((stride, loop) => ranges[loop].map((end) => stride * end));
    const lowest = ends.reduce((sum, pair) => sum + Math.min(...pair), 0);
    const highest = ends.reduce((sum, pair) => sum + Math.max(...pair), 0);
    const runs = ranges.every(([first, last]) => first <= last);
    const offset = runs ? shift - lowest : shift;
    this.#require(input, runs ? offset + highest + 1 : 0);
    const dtype = this.#inputs.dtypes[input];
    const access = { kind: "affine", offset, strides: used } as const;
    const load = { kind: "load", input, dtype, access, ...(guard !== undefined && { guard }) } as const;
    return this.#list.offer(this.#list.push(load, dtype));
  }

  /** Out of range wherever its guard, a bound on one loop, is false. */
  #guarded(input: number, description: LoadDescription): void {
    const ranges = [...this.#everywhere];
    let guard: number | undefined;
    if (ranges.length > 0) {
      const loop = description.pivot % ranges.length;
      const bound = description.shift % Math.max(1, this.#extents[loop]);
      const below = description.pivot % 2 === 0;
      ranges[loop] = below ? [0, bound - 1] : [bound, this.#extents[loop] - 1];
      const index = this.#list.offer(this.#list.push({ kind: "index", axis: loop }, "int32"));
      guard = this.#compare(below ? "less" : "greaterEqual", index, bound);
    }
    this.#affine(input, description, ranges, guard);
  }

  /** Position (sum of scaled loops) mod length. */
  #computed(input: number, { strides, shift, pivot }: LoadDescription): void {
    const list = this.#list;
    let sum = list.constant(shift, "int32");
    this.#extents.forEach((_, axis) => {
      const index = list.push({ kind: "index", axis }, "int32");
      const scaled = list.apply("multiply", "int32", [index, list.constant(strides[axis] ?? 0, "int32")]);
      sum = list.apply("add", "int32", [sum, scaled]);
    });
    this.#at(input, list.apply("remainder", "int32", [sum, list.constant(pivot + 1, "int32")]), pivot + 1);
  }

  /** A position read from another input, guarded against being out of range. */
  #gathered(input: number, description: LoadDescription): void {
    const from = this.#inputs.addPositions();
    if (from === undefined) {
      this.#computed(input, description);
      return;
    }
    const length = description.pivot + 1;
    const index = this.#affine(from, description, this.#everywhere);
    const inside = [this.#compare("greaterEqual", index, 0), this.#compare("less", index, length)];
    this.#at(input, index, length, this.#list.offer(this.#list.apply("and", "bool", inside)));
  }

  /** A load at a computed position below `length`. */
  #at(input: number, index: number, length: number, guard?: number): void {
    this.#require(input, length);
    const dtype = this.#inputs.dtypes[input];
    const access = { kind: "computed", index } as const;
    const load = { kind: "load", input, dtype, access, ...(guard !== undefined && { guard }) } as const;
    this.#list.offer(this.#list.push(load, dtype));
  }

  #compare(operator: "less" | "greaterEqual", value: number, bound: number): number {
    return this.#list.apply(operator, "bool", [value, this.#list.constant(bound, "int32")]);
  }

  #require(input: number, length: number): void {
    this.#inputs.lengths[input] = Math.max(this.#inputs.lengths[input], length);
  }
}
