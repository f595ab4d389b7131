/**
 * float16 in memory: two bit patterns per word, converted with integer arithmetic. The built-in pack2x16float may round
 * either way, does not promise infinities, and may lose subnormal numbers.
 */
import { floatLiteral as f, type ShaderFunction } from "./library.ts";

export const halfToFloat: ShaderFunction = {
  name: "half_to_float",
  source: `
fn half_to_float(half: u32) -> f32 {
  let magnitude = half & 0x7fffu;
  let usual = select((magnitude << 13u) + 0x38000000u, (magnitude << 13u) + 0x70000000u, magnitude >= 0x7c00u);
  let subnormal = bitcast<u32>(f32(magnitude) * ${f(2 ** -24)});
  return bitcast<f32>(select(usual, subnormal, magnitude < 0x0400u) | ((half & 0x8000u) << 16u));
}`,
};

export const floatToHalf: ShaderFunction = {
  name: "float_to_half",
  source: `
fn float_to_half(x: f32) -> u32 {
  // To nearest, ties to even.
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x47800000u) { return sign | select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u); }
  // Below the normal numbers, adding 0.5 lets the adder round the mantissa into place.
  if (magnitude < 0x38800000u) { return sign | (bitcast<u32>(bitcast<f32>(magnitude) + 0.5f) - 0x3f000000u); }
  return sign | ((magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13u) & 1u)) >> 13u);
}`,
};
