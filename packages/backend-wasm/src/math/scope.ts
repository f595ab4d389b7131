/**
 * What the functions of this folder are written with: variables that are given back once the result is there, sums of
 * products and polynomials, on four float32 or two float64 lanes.
 */
import type { FunctionBuilder } from "../assembler/function-builder.ts";
import type { ModuleBuilder } from "../assembler/module-builder.ts";
import { f32x4, f64x2, i32x4, shuffle32, type V128, v128 } from "../assembler/simd.ts";
import { multiplyAdd } from "../kernels/tile.ts";
import type { Vector } from "../kernels/vectors.ts";

type Lanes = typeof f32x4 | typeof f64x2;

export interface Scope {
  readonly module: ModuleBuilder;
  readonly f: FunctionBuilder;
  /** A variable that holds `value` until the result is there. */
  keep(value: V128): Vector;
  /** A number in all lanes. */
  constant(value: number, lanes?: Lanes): V128;
  /** a * b + c; a number stands for itself in all lanes. */
  multiplyAdd(a: V128, b: V128 | number, c: V128 | number, lanes?: Lanes): V128;
  /** The sum of coefficients[k] x^k, by Horner's rule; `x` is computed several times, so pass a variable. */
  polynomial(x: Vector, coefficients: readonly number[], lanes?: Lanes): V128;
}

/** The value that `build` describes, in a variable that belongs to the caller. */
export function inScope(module: ModuleBuilder, f: FunctionBuilder, build: (scope: Scope) => V128): Vector {
  const kept: Vector[] = [];
  const constant: Scope["constant"] = (value, lanes = f32x4) => f.constant(lanes.const(value));
  const multiplyAddOf: Scope["multiplyAdd"] = (a, b, c, lanes = f32x4) => {
    const spread = (value: V128 | number): V128 => (typeof value === "number" ? constant(value, lanes) : value);
    return multiplyAdd(module.relaxed, a, spread(b), spread(c), lanes);
  };
  const result = build({
    module,
    f,
    keep: (value) => {
      kept.push(f.local("v128", value));
      return kept[kept.length - 1];
    },
    constant,
    multiplyAdd: multiplyAddOf,
    polynomial: (x, coefficients, lanes = f32x4) =>
      coefficients
        .slice(0, -1)
        .reduceRight(
          (sum, coefficient) => multiplyAddOf(sum, x, coefficient, lanes),
          constant(coefficients[coefficients.length - 1], lanes),
        ),
  });
  const variable = f.local("v128", result);
  f.release(...kept);
  return variable;
}

/** Lanes 2k and 2k + 1 as float64. */
export function widen(x: Vector, half: number): V128 {
  return f64x2.promote_low_f32x4(half === 0 ? x : shuffle32(x, x, [2, 3, 2, 3]));
}

/** Two pairs of float64 lanes, rounded to float32. */
export function narrow([low, high]: readonly V128[]): V128 {
  return shuffle32(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), [0, 1, 4, 5]);
}

/** Bits of `magnitude` but for the sign, which is that of `sign`. */
export function withSign({ f }: Scope, magnitude: V128, sign: V128): V128 {
  return v128.bitselect(magnitude, sign, f.constant(i32x4.const(0x7fffffff)));
}
