/** Seeded numbers, so that every failure can be repeated (the mulberry32 generator). */
import { type DType, encodeNumbers, type HostArray, isFloat, type Shape, sizeOf } from "@sconce/core";

/** A generator of numbers that follow from its seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [low, high). */
  uniform(low = 0, high = 1): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (high - low);
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  /** `length` numbers made by `draw`. */
  list(length: number, draw: () => number = () => this.uniform(-1, 1)): number[] {
    return Array.from({ length }, draw);
  }

  /** An array of `dtype`: floats in [-2, 2), whole numbers that are mostly small and sometimes extreme. */
  array(shape: Shape, dtype: DType): HostArray {
    return {
      shape,
      dtype,
      data: encodeNumbers(
        this.list(sizeOf(shape), () => this.element(dtype)),
        dtype,
      ),
    };
  }

  /** A float64 array with elements in [low, high). */
  floats(shape: Shape, low = -1, high = 1): HostArray {
    const data = Float64Array.from(this.list(sizeOf(shape), () => this.uniform(low, high)));
    return { shape, dtype: "float64", data };
  }

  element(dtype: DType): number {
    if (isFloat(dtype)) return this.uniform(-2, 2);
    if (dtype === "bool") return this.integer(0, 1);
    const extreme = this.uniform() < 0.1;
    if (dtype === "uint8") return extreme ? 255 : this.integer(0, 9);
    if (dtype === "uint32") return extreme ? 2 ** 32 - 1 - this.integer(0, 3) : this.integer(0, 9);
    return extreme ? (this.uniform() < 0.5 ? -(2 ** 31) : 2 ** 31 - 1) : this.integer(-9, 9);
  }
}
