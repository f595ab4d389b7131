/**
 * x^y of float32 lanes: 2^(y log2 |x|) in float64, whose 53 bits leave enough behind a product as large as 150. The
 * special values are those of IEEE 754.
 *
 * |x| = 2^e m with m between sqrt(1/2) and sqrt(2), and log2 m = s P(s^2) with s = (m - 1) / (m + 1). The product is
 * n + r with a whole n and |r| <= 1/2; the exponent of 2^n comes from adding a large number, as in exp.
 */
import { f32x4, f64x2, i32x4, i64x2, type V128, v128 } from "../assembler/simd.ts";
import type { Vector } from "../kernels/vectors.ts";
import { narrow, type Scope, widen } from "./scope.ts";

/** log2(m) / s in powers of s^2: minimax by reweighted least squares; relative error 4e-12. */
const logarithmSeries = [
  2.8853900817901112, 0.961796673308326, 0.5770835917686191, 0.41167228825507424, 0.340738459673871,
];
/** 2^r on |r| <= 1/2, the 1 fixed, in the same way: relative error 2e-9. */
const exponentialSeries = [
  1, 0.6931472029069246, 0.24022647906947706, 0.055503323480108134, 0.009618437853992873, 0.0013398925999601682,
  0.00015353320466310837,
];

/** The bits of 2^52 + k as a float64 are these with k in the low ones. */
const carrier = 2 ** 52;

/** log2 x of float64 lanes that are float32 numbers, not negative. */
function logarithm({ keep, constant, multiplyAdd, polynomial }: Scope, x: Vector): V128 {
  const one = constant(1, f64x2);
  const exponent = keep(i64x2.shr_u(i64x2.add(i64x2.sub(x, constant(Math.SQRT1_2, f64x2)), one), 52));
  const e = f64x2.sub(v128.or(exponent, constant(carrier, f64x2)), constant(carrier + 1023, f64x2));
  const m = keep(i64x2.sub(i64x2.add(x, one), i64x2.shl(exponent, 52)));
  const s = keep(f64x2.div(f64x2.sub(m, one), f64x2.add(m, one)));
  const square = keep(f64x2.mul(s, s));
  const finite = multiplyAdd(polynomial(square, logarithmSeries, f64x2), s, e, f64x2);
  const atZero = v128.and(f64x2.eq(x, constant(0, f64x2)), constant(Number.NEGATIVE_INFINITY, f64x2));
  const isFinite = f64x2.lt(x, constant(Number.POSITIVE_INFINITY, f64x2));
  return v128.bitselect(f64x2.add(finite, atZero), x, isFinite);
}

/** 2^p of float64 lanes; beyond the range of float32 it may be any number there. */
function exponential({ keep, constant, polynomial }: Scope, p: V128): V128 {
  const shift = 1.5 * carrier + 1023;
  const bounded = keep(f64x2.pmax(f64x2.pmin(p, constant(1000, f64x2)), constant(-1000, f64x2)));
  const shifted = keep(f64x2.add(bounded, constant(shift, f64x2)));
  const r = keep(f64x2.sub(bounded, f64x2.sub(shifted, constant(shift, f64x2))));
  return keep(f64x2.mul(polynomial(r, exponentialSeries, f64x2), i64x2.shl(shifted, 52)));
}

/** Gives |x|^y the sign of x where y is odd, and sets what the product of y and a logarithm does not tell. */
function withSpecialValues({ f, keep, constant }: Scope, x: Vector, y: Vector, magnitude: V128): V128 {
  const half = keep(f32x4.mul(y, constant(0.5)));
  const isWhole = keep(f32x4.eq(f32x4.nearest(y), y));
  const isOdd = v128.and(isWhole, f32x4.ne(f32x4.nearest(half), half));
  const sign = v128.and(v128.and(x, f.constant(i32x4.const(1 << 31))), isOdd);
  const isNegative = v128.and(f32x4.lt(x, constant(0)), f32x4.gt(x, constant(Number.NEGATIVE_INFINITY)));
  const defined = v128.or(v128.xor(magnitude, sign), v128.andnot(isNegative, isWhole));
  const isInfinite = f32x4.eq(f32x4.abs(y), constant(Number.POSITIVE_INFINITY));
  const isOne = v128.or(
    v128.or(f32x4.eq(y, constant(0)), f32x4.eq(x, constant(1))),
    v128.and(f32x4.eq(x, constant(-1)), isInfinite),
  );
  return v128.bitselect(constant(1), defined, isOne);
}

export function power(scope: Scope, x: Vector, y: Vector): V128 {
  const magnitude = scope.keep(f32x4.abs(x));
  const halves = [0, 1].map((half) =>
    exponential(scope, f64x2.mul(widen(y, half), logarithm(scope, scope.keep(widen(magnitude, half))))),
  );
  return withSpecialValues(scope, x, y, narrow(halves));
}
