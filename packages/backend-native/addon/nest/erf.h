// erf for floats: a Maclaurin-like polynomial near 0 and 1 - exp(polynomial) further out, as in J. Maclaren's and
// N. Juffa's published fits; relative error below 3e-7.
#pragma once

#include <cmath>

#include "functions.h"

namespace sconce {
namespace {

inline float erf_float(float x) {
  const float a = std::fabs(x);
  const float s = x * x;
  // |x| > 0.921875: 1 - exp(-(polynomial in |x|)).
  float r = -1.72853470e-5f * a + 3.83197126e-4f;
  const float v = -3.88396438e-3f * a + 2.42546219e-2f;
  r = r * s + v;
  r = r * a - 1.06777877e-1f;
  r = r * a - 6.34846687e-1f;
  r = r * a - 1.28717512e-1f;
  r = r * a - a;
  const float outer = 1.0f - exp_float(r);
  const float signed_outer = as_float(as_bits(outer) | (as_bits(x) & static_cast<std::int32_t>(0x80000000u)));
  float q = -5.96761703e-4f;
  q = q * s + 4.99119423e-3f;
  q = q * s - 2.67681349e-2f;
  q = q * s + 1.12819925e-1f;
  q = q * s - 3.76125336e-1f;
  q = q * s + 1.28379166e-1f;
  const float inner = q * x + x;
  const float saturated = a > 4.0f ? as_float((as_bits(x) & static_cast<std::int32_t>(0x80000000u)) | 0x3f800000) : signed_outer;
  const float result = a > 0.921875f ? saturated : inner;
  return x != x ? x : result;
}

}  // namespace
}  // namespace sconce
