/**
 * exp, expm1 and tanh of float32 lanes, and the core that erf shares.
 *
 * As in Cephes: s x = n ln 2 + s r with a whole n, so that e^(s x) = 2^n e^(s r) with |s r| <= ln(2)/2. Adding 1.5 * 2^23
 * to s x log2(e) rounds it to n; the low bits of that sum, with 127 added beforehand, are the exponent of 2^n. The scale
 * s is a power of two and goes into the coefficients for nothing.
 */
import { f32x4, i32x4, type V128, v128 } from "../assembler/simd.ts";
import type { Vector } from "../kernels/vectors.ts";
import { type Scope, withSign } from "./scope.ts";

/** (e^r - 1) / r: minimax on |r| <= ln(2)/2 with a relative error of 1.3e-8, by reweighted least squares; the 1 is fixed. */
const series = [1, 0.4999999815, 0.1666654342, 0.0416672008, 0.008366547446, 0.001388251072];

/** ln 2 as a number of 16 bits, whose products with whole numbers are exact, and the rest. */
const high = 0.693145751953125;
const low = Math.LN2 - high;

/** The series of (e^(scale r) - 1) / r. */
function scaledSeries(scale: number): readonly number[] {
  return series.map((coefficient, k) => coefficient * scale ** (k + 1));
}

/** r and 2^(n + bias). */
function reduce(
  { keep, constant, multiplyAdd }: Scope,
  x: Vector,
  scale: number,
  bias: number,
): { r: Vector; power: V128 } {
  const shift = 1.5 * 2 ** 23 + 127 + bias;
  const shifted = keep(multiplyAdd(x, Math.LOG2E * scale, shift));
  const n = keep(f32x4.sub(shifted, constant(shift)));
  const r = keep(multiplyAdd(n, -low / scale, multiplyAdd(n, -high / scale, x)));
  return { r, power: i32x4.shl(shifted, 23) };
}

/** The limits keep a NaN. */
function clamp({ constant }: Scope, x: V128, least: number, most: number): V128 {
  return f32x4.pmax(f32x4.pmin(x, constant(most)), constant(least));
}

/** e^x as the square of e^(x/2), which neither overflows nor loses bits where e^x is just about a number. */
export function exponential(scope: Scope, x: V128): V128 {
  const { r, power } = reduce(scope, scope.keep(clamp(scope, x, -105, 89)), 0.5, 0);
  const root = scope.keep(f32x4.mul(scope.polynomial(r, [1, ...scaledSeries(0.5)]), power));
  return f32x4.mul(root, root);
}

/** e^x - 1 = 2 (2^(n-1) (e^r - 1) + 2^(n-1) - 1/2); at n = 0 it is e^r - 1, whose sign and last bits this spares. */
export function exponentialMinusOne(scope: Scope, x: V128): V128 {
  const { keep, constant, multiplyAdd, polynomial } = scope;
  const { r, power } = reduce(scope, keep(clamp(scope, x, -64, 89)), 1, -1);
  const half = keep(power);
  const near = keep(f32x4.mul(r, polynomial(r, scaledSeries(1))));
  const far = keep(multiplyAdd(half, near, f32x4.sub(half, constant(0.5))));
  return v128.bitselect(near, f32x4.add(far, far), f32x4.eq(half, constant(0.5)));
}

/** e^(scale x) - 1 for |scale x| < 80, but for the sign of 0. */
export function boundedExponentialMinusOne(scope: Scope, x: Vector, scale: number): V128 {
  const { r, power } = reduce(scope, x, scale, 0);
  const two = scope.keep(power);
  const near = f32x4.mul(r, scope.polynomial(r, scaledSeries(scale)));
  return scope.multiplyAdd(two, near, f32x4.sub(two, scope.constant(1)));
}

/** With t = e^(2|x|) - 1: t / (t + 2), which is 1 from |x| = 9.1 on. */
export function hyperbolicTangent(scope: Scope, x: V128): V128 {
  const magnitude = scope.keep(f32x4.pmin(f32x4.abs(x), scope.constant(9.1)));
  const t = scope.keep(boundedExponentialMinusOne(scope, magnitude, 2));
  return withSign(scope, f32x4.div(t, f32x4.add(t, scope.constant(2))), x);
}
