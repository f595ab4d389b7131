/** One row of the factors of tiles, straight from the images: four neighbouring tiles of each channel at a time. */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { f32x4, type V128, v128 } from "../assembler/simd.ts";
import { type I32, i32 } from "../assembler/values.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import type { ImageLayout } from "./images.ts";
import type { LineFactor } from "./winograd-transforms.ts";

export interface FactorTarget {
  /** Address of the first factor of the first channel; bytes from channel to channel, and from factor to factor. */
  readonly to: I32;
  readonly pitch: number;
  readonly apart: number;
  readonly channels: I32;
  /** Vectors of a row of the four tiles. */
  readonly vectors: number;
  /** From the elements of a row to its factors, four tiles side by side. */
  transform(line: readonly V128[]): readonly V128[];
}

export class FactorRow {
  readonly #f: FunctionBuilder;
  readonly #relaxed: boolean;
  readonly #factors: readonly LineFactor[];
  readonly #layout: ImageLayout;
  /** Rows of the image that the chosen factors are made of, in bytes from the first one of the tile, and their weights. */
  readonly #offsets: readonly Local<"i32">[];
  readonly #weights: readonly Local<"v128">[];

  constructor(f: FunctionBuilder, relaxed: boolean, factors: readonly LineFactor[], layout: ImageLayout) {
    this.#f = f;
    this.#relaxed = relaxed;
    this.#factors = factors;
    this.#layout = layout;
    this.#offsets = factors[0].elements.map(() => f.local("i32"));
    this.#weights = factors[0].weights.map(() => f.local("v128"));
  }

  choose(row: I32): void {
    const f = this.#f;
    this.#factors.forEach(({ elements, weights }, i) => {
      f.if(i32.eq(row, i), () => {
        elements.forEach((element, k) => {
          f.set(this.#offsets[k], i32.const(4 * this.#layout.rowLength * element));
          f.set(this.#weights[k], f32x4.const(weights[k]));
        });
      });
    });
  }

  /** The tiles at `from`, an address in the first channel. */
  make(from: I32, { to, pitch, apart, channels, vectors, transform }: FactorTarget): void {
    const f = this.#f;
    const start = f.index(from);
    const target = f.index(to);
    const rows = this.#offsets.map((offset) => f.index(i32.add(start, offset)));
    const line = Array.from({ length: vectors }, () => f.local("v128"));
    f.range(0, channels, 1, () => {
      line.forEach((sum, v) => {
        rows.forEach((row, k) => {
          const value = v128.load(row, 16 * v);
          const weight = this.#weights[k];
          f.set(sum, k === 0 ? f32x4.mul(value, weight) : multiplyAdd(this.#relaxed, value, weight, sum));
        });
      });
      transform(line).forEach((value, factor) => {
        f.emit(v128.store(target, value, factor * apart));
      });
      for (const row of rows) f.increase(row, 4 * this.#layout.planeLength);
      f.increase(target, pitch);
    });
    f.release(start, target, ...rows, ...line);
  }
}
