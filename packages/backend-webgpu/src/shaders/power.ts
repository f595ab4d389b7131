/**
 * x^y = 2^(y log2 |x|), with enough bits behind the point of a product as large as 150, without wider floats.
 *
 * |x| = 2^e c (1 + f) with c one of 16 numbers, so that |f| <= 1/31. log2 |x| = (e + log2 c) + f log2(e) + the rest: the
 * first is a number of 20 bits, the second an exact product of 12-bit halves, and the rest is small. So are the products
 * with the halves of y: each is exact where it is large, and taking the nearest whole number n away from the largest
 * leaves y log2 |x| - n with an error of 2^-23. Halves come from masks, which no compiler can optimise away.
 */
import { leadingHalf } from "./division.ts";
import { powerOfTwo } from "./exponential.ts";
import { floatLiteral as f, polynomial, type ShaderFunction } from "./library.ts";
import { absolute, infinity, isFinite, isNan, isZero, nan } from "./special-values.ts";

/** Centres of 16 intervals of [1, 2), of which those above sqrt(2) count as half, so that 1 itself is in the middle. */
const centres = Array.from({ length: 16 }, (_, i) => {
  const centre = i === 0 || i === 15 ? 1 : 1 + (i + 0.5) / 16;
  return i === 15 ? 1 : i >= 7 ? centre / 2 : centre;
});
const steps = 2 ** 11;
const coarse = centres.map((c) => Math.round(Math.log2(c) * steps) / steps);
const fine = centres.map((c, i) => Math.log2(c) - coarse[i]);
const table = (name: string, values: readonly number[]): string =>
  `const ${name} = array<f32, 16>(${values.map(f).join(", ")});`;

/** log2(e) in halves. */
const scaleHigh = 1.4423828125;
const scaleLow = Math.LOG2E - scaleHigh;
/** log2(1 + f) - f log2(e), over f^2. */
const series = [2, 3, 4, 5, 6, 7].map((k) => ((k % 2 === 0 ? -1 : 1) * Math.LOG2E) / k);
/** 2^r on |r| <= 1/2: relative error 2e-9. */
const exponentialSeries = [
  1, 0.6931472029069246, 0.24022647906947706, 0.055503323480108134, 0.009618437853992873, 0.0013398925999601682,
  0.00015353320466310837,
];

const magnitudePower: ShaderFunction = {
  name: "magnitude_power",
  needs: [infinity, leadingHalf, powerOfTwo],
  source: `
${table("power_centres", centres)}
${table("power_coarse", coarse)}
${table("power_fine", fine)}
fn magnitude_power(x: f32, y: f32) -> f32 {
  let subnormal = bitcast<u32>(x) < 0x00800000u;
  let bits = bitcast<u32>(select(x, x * 8388608.0f, subnormal));
  var centres = power_centres;
  var coarse = power_coarse;
  var fine = power_fine;
  let i = (bits >> 19u) & 15u;
  let m = bitcast<f32>((bits & 0x007fffffu) | select(0x3f800000u, 0x3f000000u, i >= 7u));
  let e = f32(i32(bits >> 23u) - 127) + select(0.0f, 1.0f, i >= 7u) - select(0.0f, 23.0f, subnormal);
  let c = centres[i];
  let q = (m - c) / c;
  let first = e + coarse[i];
  let q1 = leading_half(q);
  let second = q1 * ${f(scaleHigh)};
  let third = fine[i] + (q - q1) * ${f(scaleHigh)} + (q * ${f(scaleLow)} + q * q * ${polynomial("q", series)});
  let estimate = y * (first + (second + third));
  if (estimate > 129.0f) { return infinity(); }
  if (estimate < -151.0f) { return 0.0f; }
  let n = round(estimate);
  let y1 = leading_half(y);
  let y2 = y - y1;
  let first1 = leading_half(first);
  let first2 = first - first1;
  let r = (((y1 * first1 - n) + (y1 * first2 + y2 * first1)) + y * second) + (y2 * first2 + y * third);
  let half = floor(0.5f * n);
  return ${polynomial("r", exponentialSeries)} * power_of_two(half) * power_of_two(n - half);
}`,
};

export const power: ShaderFunction = {
  name: "power",
  needs: [absolute, infinity, isFinite, isNan, isZero, magnitudePower, nan],
  source: `
fn power(x: f32, y: f32) -> f32 {
  if (is_zero(y) || x == 1.0f) { return 1.0f; }
  if (is_nan(x) || is_nan(y)) { return nan(); }
  let magnitude = absolute(x);
  if (!is_finite(y)) {
    if (magnitude == 1.0f) { return 1.0f; }
    return select(0.0f, infinity(), (magnitude > 1.0f) == (y > 0.0f));
  }
  let whole = floor(y) == y;
  let odd = whole && absolute(y) < 16777216.0f && floor(0.5f * y) != 0.5f * y;
  let negative = (bitcast<u32>(x) & 0x80000000u) != 0u;
  var result: f32;
  if (is_zero(x)) {
    result = select(infinity(), 0.0f, y > 0.0f);
  } else if (!is_finite(x)) {
    result = select(0.0f, infinity(), y > 0.0f);
  } else {
    if (negative && !whole) { return nan(); }
    result = magnitude_power(magnitude, y);
  }
  return select(result, -result, negative && odd);
}`,
};
