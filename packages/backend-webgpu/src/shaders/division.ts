/**
 * Division, whose sign of zero some devices lose; square roots; and the floor of a quotient with its remainder.
 *
 * A device's quotient may be a few units off, and its floor then off by one. a - q b is computed almost exactly, from
 * products of 12-bit halves, and shows on which side of q the quotient lies.
 */
import type { ShaderFunction } from "./library.ts";
import { absolute, isFinite, isNan, isZero, nan, withSign } from "./special-values.ts";

export const divide: ShaderFunction = {
  name: "divide",
  needs: [absolute, isNan],
  source: `
fn divide(a: f32, b: f32) -> f32 {
  let q = a / b;
  let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
  return select(bitcast<f32>(bitcast<u32>(absolute(q)) | sign), q, is_nan(q));
}`,
};

export const squareRoot: ShaderFunction = {
  name: "square_root",
  needs: [isFinite, isZero, nan],
  source: `
fn square_root(x: f32) -> f32 {
  if (is_zero(x)) { return x; }
  if ((bitcast<u32>(x) & 0x80000000u) != 0u) { return nan(); }
  return select(x, sqrt(x), is_finite(x));
}`,
};

/** The leading 12 bits of a number; the rest fits 12 bits as well. */
export const leadingHalf: ShaderFunction = {
  name: "leading_half",
  source: `fn leading_half(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u); }`,
};

const quotientAndRemainder: ShaderFunction = {
  name: "quotient_and_remainder",
  needs: [absolute, leadingHalf],
  source: `
fn quotient_and_remainder(a: f32, b: f32) -> vec2f {
  if (absolute(a) < absolute(b)) {
    return select(vec2f(-1.0f, a + b), vec2f(0.0f, a), (a > 0.0f) == (b > 0.0f));
  }
  var q = floor(a / b);
  let q1 = leading_half(q);
  let q2 = q - q1;
  let b1 = leading_half(b);
  let b2 = b - b1;
  var r = (((a - q1 * b1) - q1 * b2) - q2 * b1) - q2 * b2;
  let beyond = select((r <= b), (r >= b), (b > 0.0f));
  let before = select((r > 0.0f), (r < 0.0f), (b > 0.0f));
  if (before) {
    q -= 1.0f;
    r += b;
  } else if (beyond) {
    q += 1.0f;
    r -= b;
  }
  return vec2f(q, r);
}`,
};

export const floorDivide: ShaderFunction = {
  name: "floor_divide",
  needs: [quotientAndRemainder, divide, isFinite, isZero, absolute],
  source: `
fn floor_divide(a: f32, b: f32) -> f32 {
  let q = divide(a, b);
  if (is_zero(q) || !is_finite(q) || !is_finite(b) || absolute(q) >= 8388608.0f) { return floor(q); }
  return quotient_and_remainder(a, b).x;
}`,
};

export const remainder: ShaderFunction = {
  name: "remainder",
  needs: [quotientAndRemainder, divide, isFinite, isNan, isZero, nan, withSign],
  source: `
fn remainder(a: f32, b: f32) -> f32 {
  if (!is_finite(a) || is_nan(b) || is_zero(b)) { return nan(); }
  if (!is_finite(b)) { return select(b, a, is_zero(a) || ((a > 0.0f) == (b > 0.0f))); }
  if (is_zero(a)) { return a; }
  return quotient_and_remainder(a, b).y;
}`,
};

export const integerFloorDivide: ShaderFunction = {
  name: "integer_floor_divide",
  source: `
fn integer_floor_divide(a: i32, b: i32) -> i32 {
  return a / b - select(0, 1, a % b != 0 && (a < 0) != (b < 0));
}`,
};

export const integerRemainder: ShaderFunction = {
  name: "integer_remainder",
  source: `
fn integer_remainder(a: i32, b: i32) -> i32 {
  let r = a % b;
  return select(r, r + b, r != 0 && (r < 0) != (b < 0));
}`,
};
