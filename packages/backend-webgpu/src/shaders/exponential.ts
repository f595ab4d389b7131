/**
 * exp, expm1, tanh and erf within a few units in the last place; a device's own exp and tanh may be far off.
 *
 * As in Cephes: x = n ln 2 + r with a whole n, so that e^x = 2^n e^r with |r| <= ln(2)/2, and a minimax polynomial in r.
 */
import { floatLiteral as f, polynomial, type ShaderFunction } from "./library.ts";
import { absolute, isNan, withSign } from "./special-values.ts";

/** (e^r - 1) / r on |r| <= ln(2)/2, relative error 1.3e-8; the 1 is fixed. */
const series = [1, 0.4999999815, 0.1666654342, 0.0416672008, 0.008366547446, 0.001388251072];
const halfSeries = series.map((coefficient, k) => coefficient * 0.5 ** (k + 1));

/** ln 2 as a number of 16 bits, whose products with whole numbers are exact, and the rest. */
const high = 0.693145751953125;
const low = Math.LN2 - high;

/** 2^n for a whole n from -126 to 127. */
export const powerOfTwo: ShaderFunction = {
  name: "power_of_two",
  source: `fn power_of_two(n: f32) -> f32 { return bitcast<f32>(u32(i32(n) + 127) << 23u); }`,
};

export const exponential: ShaderFunction = {
  name: "exponential",
  needs: [isNan, powerOfTwo],
  source: `
fn exponential(x: f32) -> f32 {
  // The square of e^(x/2), which neither overflows nor loses bits where e^x is just about a number.
  if (is_nan(x)) { return x; }
  let c = clamp(x, -105.0f, 89.0f);
  let n = round(c * ${f(Math.LOG2E / 2)});
  let r = (c - n * ${f(2 * high)}) - n * ${f(2 * low)};
  let root = ${polynomial("r", [1, ...halfSeries])} * power_of_two(n);
  return root * root;
}`,
};

export const exponentialMinusOne: ShaderFunction = {
  name: "exponential_minus_one",
  needs: [isNan, powerOfTwo],
  source: `
fn exponential_minus_one(x: f32) -> f32 {
  // 2 (2^(n-1) (e^r - 1) + 2^(n-1) - 1/2)
  if (is_nan(x)) { return x; }
  let c = clamp(x, -64.0f, 89.0f);
  let n = round(c * ${f(Math.LOG2E)});
  let r = (c - n * ${f(high)}) - n * ${f(low)};
  let near = r * ${polynomial("r", series)};
  let half = power_of_two(n - 1.0f);
  let far = half * near + (half - 0.5f);
  return select(far + far, near, n == 0.0f);
}`,
};

export const hyperbolicTangent: ShaderFunction = {
  name: "hyperbolic_tangent",
  needs: [absolute, exponentialMinusOne, isNan, withSign],
  source: `
fn hyperbolic_tangent(x: f32) -> f32 {
  // t / (t + 2) with t = e^(2|x|) - 1; it is 1 from 9.1 on.
  if (is_nan(x)) { return x; }
  let t = exponential_minus_one(2.0f * min(absolute(x), 9.1f));
  return with_sign(t / (t + 2.0f), x);
}`,
};

/** -ln(erfc(x)) / x on [0, 3.95], weighted so that the relative error of erf, 4e-9, is the same everywhere. */
const errorExponent = [
  1.128379172, 0.636619382, 0.1027778305, -0.01915306397, -0.0001603960309, 0.001667027508, -0.0006328369216,
  0.0001176413001, -9.256269398e-6,
];

export const errorFunction: ShaderFunction = {
  name: "error_function",
  needs: [absolute, exponentialMinusOne, isNan, withSign],
  source: `
fn error_function(x: f32) -> f32 {
  // 1 - e^(-q) with q = -ln(1 - erf |x|); it rounds to 1 from 3.95 on.
  if (is_nan(x)) { return x; }
  let m = min(absolute(x), 3.95f);
  return with_sign(absolute(exponential_minus_one(-(m * ${polynomial("m", errorExponent)}))), x);
}`,
};
