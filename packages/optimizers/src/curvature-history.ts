/**
 * What L-BFGS remembers of the curvature (Nocedal 1980): pairs of a step s and the change of the gradient y over it. The
 * two-loop recursion multiplies a vector by the inverse Hessian that they imply, without ever forming it:
 *   newest to oldest:  a = s.q / y.s;  q -= a y;     r = q (y.s / y.y of the newest pair);
 *   oldest to newest:  r += (a - y.r / y.s) s.
 */
import { dot, plus, scaled } from "./flat-vectors.ts";

/** A step and the change of the gradient over it. */
export interface CurvaturePair {
  readonly step: Float64Array;
  readonly change: Float64Array;
}

/** The last few pairs, and the scale of the inverse Hessian. */
export class CurvatureHistory {
  readonly #size: number;
  #pairs: readonly CurvaturePair[] = [];
  #scale = 1;

  constructor(size: number) {
    this.#size = size;
  }

  /** The pairs, oldest first. */
  get pairs(): readonly CurvaturePair[] {
    return this.#pairs;
  }

  /** What stands for the inverse Hessian before the pairs correct it. */
  get scale(): number {
    return this.#scale;
  }

  /** Remembers a pair, unless the curvature along it is not positive. */
  add(pair: CurvaturePair): void {
    const curvature = dot(pair.change, pair.step);
    if (!(curvature > 1e-10)) return;
    this.#pairs = [...this.#pairs, pair].slice(-this.#size);
    this.#scale = curvature / dot(pair.change, pair.change);
  }

  /** Where Newton's method would go: less the inverse Hessian times the gradient. */
  direction(gradient: Float64Array): Float64Array {
    let vector = scaled(gradient, -1);
    const weights: number[] = [];
    for (const { step, change } of [...this.#pairs].reverse()) {
      const weight = dot(step, vector) / dot(change, step);
      weights.unshift(weight);
      vector = plus(vector, -weight, change);
    }
    vector = scaled(vector, this.#scale);
    this.#pairs.forEach(({ step, change }, i) => {
      vector = plus(vector, weights[i] - dot(change, vector) / dot(change, step), step);
    });
    return vector;
  }

  /** Takes over what another one remembered. */
  restore(pairs: readonly CurvaturePair[], scale: number): void {
    this.#pairs = pairs.slice(-this.#size);
    this.#scale = scale;
  }
}
