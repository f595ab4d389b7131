/**
 * Winograd's minimal filtering F(4, 3) along one axis: four results of a kernel of three taps from six products. It
 * evaluates polynomials at 0, a, -a, b, -b and infinity; see Lavin and Gray, "Fast Algorithms for Convolutional Neural
 * Networks" (2015). The points decide about rounding: with a = 1 / sqrt 2 and b = sqrt 2 (whose product is 1, which saves
 * products too) errors are about twice those of direct sums; with the customary 1 and 2, five to ten times.
 */
import type { FunctionBuilder, Local } from "../assembler/function-builder.ts";
import { f32x4, type V128 } from "../assembler/simd.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import { transposed } from "../kernels/vectors.ts";

/** Results per tile along an axis, and products. */
export const tileResults = 4;
export const tileProducts = 6;

const [aa, bb] = [0.5, 2];
const [a, b] = [Math.sqrt(aa), Math.sqrt(bb)];
/** Kernels' factors at p and -p, where q is the other point, are divided by 2 p^2 (p^2 - q^2). */
const [scaleA, scaleB] = [1 / (2 * aa * (aa - bb)), 1 / (2 * bb * (bb - aa))];

/** The constants of each step. */
const constants = {
  input: [-aa - bb, -aa, -bb, a, -a, b, -b],
  kernel: [scaleA, scaleB, scaleA * aa, scaleB * bb, scaleA * a, -scaleA * a, scaleB * b, -scaleB * b],
  output: [a, aa, a ** 3, b, bb, b ** 3],
  outputGradient: [aa, bb, a, -a, b, -b],
  kernelGradient: [scaleA, scaleB, scaleA * aa, scaleB * bb, scaleA * a, scaleB * b],
};

/** One factor of a line: the elements it is made of (some may be repeated with a weight of 0) and their weights. */
export interface LineFactor {
  readonly elements: readonly number[];
  readonly weights: readonly number[];
}

const ends = (elements: readonly number[], weights: readonly number[]): LineFactor => ({ elements, weights });
const signed = [
  [a, bb],
  [-a, bb],
  [b, aa],
  [-b, aa],
];

/** Every factor of a line of the input by itself, and of a line of the output's gradient. */
export const inputFactors: readonly LineFactor[] = [
  ends([0, 2, 4, 4], [1, -aa - bb, 1, 0]),
  ...signed.map(([p, qq]) => ends([1, 2, 3, 4], [-p * qq, -qq, p, 1])),
  ends([1, 3, 5, 5], [1, -aa - bb, 1, 0]),
];
export const outputGradientFactors: readonly LineFactor[] = [
  ends([0, 1, 2, 3], [1, 0, 0, 0]),
  ...signed.map(([p]) => ends([0, 1, 2, 3], [1, p, p * p, p ** 3])),
  ends([0, 1, 2, 3], [0, 0, 0, 1]),
];

/** The transforms for one function. Their expressions are computed once each, the constants before any loop. */
export class Transforms {
  readonly #f: FunctionBuilder;
  readonly #relaxed: boolean;
  readonly #constants = new Map<number, V128>();
  readonly #kept: Local[] = [];

  constructor(f: FunctionBuilder, relaxed: boolean, ...steps: readonly (keyof typeof constants)[]) {
    this.#f = f;
    this.#relaxed = relaxed;
    for (const value of steps.flatMap((step) => constants[step]))
      if (!this.#constants.has(value)) this.#constants.set(value, f.local("v128", f32x4.const(value)));
  }

  #constant(value: number): V128 {
    return this.#constants.get(value) as V128;
  }

  /** factor * x + y */
  #add(factor: number, x: V128, y: V128): V128 {
    return multiplyAdd(this.#relaxed, this.#constant(factor), x, y);
  }

  /** A value that is computed now and kept until `release`. */
  once(value: V128): V128 {
    const local = this.#f.local("v128", value);
    this.#kept.push(local);
    return local;
  }

  /** Forgets all that was kept, so that variables are used again. */
  release(): void {
    this.#f.release(...this.#kept.splice(0));
  }

  /** even + factor * odd and even - factor * odd */
  #pair(even: V128, odd: V128, factor: number): [V128, V128] {
    const [e, o] = [this.once(even), this.once(odd)];
    return [this.#add(factor, o, e), this.#add(-factor, o, e)];
  }

  /** Six elements of the input to six factors. */
  input([d0, d1, d2, d3, d4, d5]: readonly V128[]): readonly V128[] {
    return [
      f32x4.add(d0, this.#add(-aa - bb, d2, d4)),
      ...this.#pair(this.#add(-bb, d2, d4), this.#add(-bb, d1, d3), a),
      ...this.#pair(this.#add(-aa, d2, d4), this.#add(-aa, d1, d3), b),
      f32x4.add(d1, this.#add(-aa - bb, d3, d5)),
    ];
  }

  /** Three taps to six factors. */
  kernel([w0, w1, w2]: readonly V128[]): readonly V128[] {
    const at = (scale: number, p: number, pp: number): [V128, V128] =>
      this.#pair(this.#add(scale * pp, w2, f32x4.mul(this.#constant(scale), w0)), w1, scale * p);
    return [w0, ...at(scaleA, a, aa), ...at(scaleB, b, bb), w2];
  }

  /** Six products to four results. */
  output([m0, m1, m2, m3, m4, m5]: readonly V128[]): readonly V128[] {
    const [evenA, oddA] = [this.once(f32x4.add(m1, m2)), this.once(f32x4.sub(m1, m2))];
    const [evenB, oddB] = [this.once(f32x4.add(m3, m4)), this.once(f32x4.sub(m3, m4))];
    return [
      f32x4.add(m0, f32x4.add(evenA, evenB)),
      this.#add(b, oddB, f32x4.mul(this.#constant(a), oddA)),
      this.#add(bb, evenB, f32x4.mul(this.#constant(aa), evenA)),
      this.#add(b ** 3, oddB, this.#add(a ** 3, oddA, m5)),
    ];
  }

  /** The adjoint of `output`: gradients of four results to six factors. */
  outputGradient([g0, g1, g2, g3]: readonly V128[]): readonly V128[] {
    const at = (p: number, pp: number): [V128, V128] => this.#pair(this.#add(pp, g2, g0), this.#add(pp, g3, g1), p);
    return [g0, ...at(a, aa), ...at(b, bb), g3];
  }

  /** The adjoint of `kernel`: six sums to the gradients of three taps. */
  kernelGradient([m0, m1, m2, m3, m4, m5]: readonly V128[]): readonly V128[] {
    const [evenA, oddA] = [this.once(f32x4.add(m1, m2)), this.once(f32x4.sub(m1, m2))];
    const [evenB, oddB] = [this.once(f32x4.add(m3, m4)), this.once(f32x4.sub(m3, m4))];
    return [
      this.#add(scaleA, evenA, this.#add(scaleB, evenB, m0)),
      this.#add(scaleA * a, oddA, f32x4.mul(this.#constant(scaleB * b), oddB)),
      this.#add(scaleA * aa, evenA, this.#add(scaleB * bb, evenB, m5)),
    ];
  }

  /** Both axes, row by row. */
  both(values: readonly (readonly V128[])[], along: (line: readonly V128[]) => readonly V128[]): V128[] {
    const lines = values.map((row) => along(row).map((value) => this.once(value)));
    const columns = lines[0].map((_, j) => along(lines.map((line) => line[j])).map((value) => this.once(value)));
    return columns[0].flatMap((_, i) => columns.map((column) => column[i]));
  }

  /** The four vectors of the first, second, third and fourth lanes of four vectors. */
  transpose(rows: readonly V128[]): V128[] {
    const columns = transposed(this.#f, rows);
    this.#kept.push(...columns);
    return columns;
  }
}
