/**
 * log and log1p of float32 lanes, as in Cephes: u = 2^e (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and
 * ln u = e ln 2 + f - f^2/2 + f^3 P(f).
 */
import { f32x4, i32x4, type V128, v128 } from "../assembler/simd.ts";
import type { Vector } from "../kernels/vectors.ts";
import { type Scope, withSign } from "./scope.ts";

/** (ln(1 + f) - f + f^2/2) / f^3: minimax, by reweighted least squares; the relative error of ln(1 + f) is 6e-9. */
const series = [
  0.3333333169, -0.2500082187, 0.2000122902, -0.1662332687, 0.1420168102, -0.1316042051, 0.1276228087, -0.07634746083,
];

/** ln 2 as a number of 10 bits, whose products with exponents are exact, and the rest. */
const high = 0.693359375;
const low = Math.LN2 - high;

/** The exponent e of u, as integers. */
function exponentOf({ constant }: Scope, u: V128): V128 {
  return i32x4.shr_s(i32x4.sub(u, constant(Math.SQRT1_2)), 23);
}

/** e ln 2 + ln(1 + f) */
function assemble({ keep, multiplyAdd, polynomial }: Scope, exponent: V128, fraction: V128): V128 {
  const e = keep(f32x4.convert_i32x4_s(exponent));
  const f = keep(fraction);
  const square = keep(f32x4.mul(f, f));
  const tail = multiplyAdd(e, low, f32x4.mul(f32x4.mul(f, square), polynomial(f, series)));
  return multiplyAdd(e, high, f32x4.add(f, multiplyAdd(square, -0.5, tail)));
}

/** -infinity at 0, NaN below; infinity and NaN stay. */
function atEdges({ constant }: Scope, u: Vector, logarithm: V128): V128 {
  const pole = v128.and(f32x4.eq(u, constant(0)), constant(Number.NEGATIVE_INFINITY));
  const defined = v128.or(f32x4.add(logarithm, pole), f32x4.lt(u, constant(0)));
  return v128.bitselect(defined, u, f32x4.lt(u, constant(Number.POSITIVE_INFINITY)));
}

export function logarithm(scope: Scope, x: Vector): V128 {
  const { keep, constant } = scope;
  const isSubnormal = keep(f32x4.lt(x, constant(2 ** -126)));
  const u = keep(v128.bitselect(f32x4.mul(x, constant(2 ** 23)), x, isSubnormal));
  const e = keep(exponentOf(scope, u));
  const fraction = f32x4.sub(i32x4.sub(u, i32x4.shl(e, 23)), constant(1));
  return atEdges(
    scope,
    x,
    assemble(scope, i32x4.add(e, v128.and(isSubnormal, scope.f.constant(i32x4.const(-23)))), fraction),
  );
}

/** u = 1 + x; what rounding u took away from x, x - (u - 1), is added to f, times 2^-e (nothing is lost where that is no number). */
export function logarithmPlusOne(scope: Scope, x: Vector): V128 {
  const { keep, constant, multiplyAdd } = scope;
  const one = constant(1);
  const u = keep(f32x4.add(x, one));
  const e = keep(exponentOf(scope, u));
  const shift = keep(i32x4.shl(e, 23));
  const lost = f32x4.sub(x, f32x4.sub(u, one));
  const fraction = multiplyAdd(lost, i32x4.sub(one, i32x4.min_s(shift, one)), f32x4.sub(i32x4.sub(u, shift), one));
  return withSign(scope, atEdges(scope, u, assemble(scope, e, fraction)), x);
}
