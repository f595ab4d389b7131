/**
 * log and log1p, as in Cephes: u = 2^e (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and
 * ln u = e ln 2 + f - f^2/2 + f^3 P(f). Where 1 + x needs no exponent, log1p takes x itself as f and loses nothing.
 */
import { floatLiteral as f, polynomial, type ShaderFunction } from "./library.ts";
import { infinity, isFinite, isZero, nan } from "./special-values.ts";

/** (ln(1 + f) - f + f^2/2) / f^3: minimax; the relative error of ln(1 + f) is 6e-9. */
const series = [
  0.3333333169, -0.2500082187, 0.2000122902, -0.1662332687, 0.1420168102, -0.1316042051, 0.1276228087, -0.07634746083,
];

/** ln 2 as a number of 10 bits, whose products with exponents are exact, and the rest. */
const high = 0.693359375;
const low = Math.LN2 - high;

const logarithmOfParts: ShaderFunction = {
  name: "logarithm_of_parts",
  source: `
fn logarithm_of_parts(e: f32, f: f32) -> f32 {
  let square = f * f;
  let tail = e * ${f(low)} + f * square * ${polynomial("f", series)};
  return e * ${f(high)} + (f + (tail - 0.5f * square));
}`,
};

/** The bits of sqrt(1/2). */
const rootBits = "0x3f3504f3";

export const logarithm: ShaderFunction = {
  name: "logarithm",
  needs: [infinity, isFinite, isZero, logarithmOfParts, nan],
  source: `
fn logarithm(x: f32) -> f32 {
  if (is_zero(x)) { return -infinity(); }
  if (!is_finite(x) && !(x > 0.0f)) { return nan(); }
  if (!is_finite(x)) { return x; }
  if (x < 0.0f) { return nan(); }
  let subnormal = bitcast<u32>(x) < 0x00800000u;
  let u = bitcast<i32>(select(x, x * 8388608.0f, subnormal));
  let e = (u - ${rootBits}) >> 23u;
  let f = bitcast<f32>(u - (e << 23u)) - 1.0f;
  return logarithm_of_parts(f32(e) - select(0.0f, 23.0f, subnormal), f);
}`,
};

export const logarithmPlusOne: ShaderFunction = {
  name: "logarithm_plus_one",
  needs: [isZero, logarithm, logarithmOfParts],
  source: `
fn logarithm_plus_one(x: f32) -> f32 {
  if (is_zero(x)) { return x; }
  if (x > -0.29f && x < 0.41f) { return logarithm_of_parts(0.0f, x); }
  return logarithm(1.0f + x);
}`,
};
