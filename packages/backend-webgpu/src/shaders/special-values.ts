/**
 * NaN, infinities and signs by their bits. A WGSL implementation may assume that they never occur: it may fold `x != x`
 * to false, and refuses constants that are infinite. It cannot see through integers, nor through a private variable.
 */
import type { ShaderFunction } from "./library.ts";

export const isNan: ShaderFunction = {
  name: "is_nan",
  source: `fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`,
};

export const isFinite: ShaderFunction = {
  name: "is_finite",
  source: `fn is_finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`,
};

export const isZero: ShaderFunction = {
  name: "is_zero",
  source: `fn is_zero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0u; }`,
};

export const infinity: ShaderFunction = {
  name: "infinity",
  source: `
var<private> infinity_bits: u32 = 0x7f800000u;
fn infinity() -> f32 { return bitcast<f32>(infinity_bits); }`,
};

export const nan: ShaderFunction = {
  name: "nan",
  source: `
var<private> nan_bits: u32 = 0x7fc00000u;
fn nan() -> f32 { return bitcast<f32>(nan_bits); }`,
};

export const negate: ShaderFunction = {
  name: "negate",
  source: `fn negate(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u); }`,
};

export const absolute: ShaderFunction = {
  name: "absolute",
  source: `fn absolute(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0x7fffffffu); }`,
};

/** `magnitude`, which is not negative, with the sign of `x`. */
export const withSign: ShaderFunction = {
  name: "with_sign",
  source: `
fn with_sign(magnitude: f32, x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(magnitude) | (bitcast<u32>(x) & 0x80000000u));
}`,
};

export const signOf: ShaderFunction = {
  name: "sign_of",
  needs: [isNan, isZero, withSign],
  source: `fn sign_of(x: f32) -> f32 { return select(with_sign(1.0f, x), x, is_zero(x) || is_nan(x)); }`,
};

export const maximum: ShaderFunction = {
  name: "maximum",
  needs: [isNan],
  source: `fn maximum(a: f32, b: f32) -> f32 { return select(select(b, a, a > b || is_nan(a)), b, is_nan(b)); }`,
};

export const minimum: ShaderFunction = {
  name: "minimum",
  needs: [isNan],
  source: `fn minimum(a: f32, b: f32) -> f32 { return select(select(b, a, a < b || is_nan(a)), b, is_nan(b)); }`,
};

/** Comparisons that are false with a NaN. */
export const comparisons: Readonly<Record<string, ShaderFunction>> = Object.fromEntries(
  Object.entries({ equal: "==", less: "<", less_equal: "<=", greater: ">", greater_equal: ">=" }).map(
    ([name, sign]): [string, ShaderFunction] => [
      name,
      {
        name,
        needs: [isNan],
        source: `fn ${name}(a: f32, b: f32) -> bool { return a ${sign} b && !(is_nan(a) || is_nan(b)); }`,
      },
    ],
  ),
);
