// sin, cos and tan of floats: x = n pi/2 + r with a whole n and |r| <= pi/4, then polynomials in r; n modulo 4 tells
// which of sine and cosine of r it is, and its sign.
//
// The reduction is done in double, by the method of Cody and Waite with two parts of pi/2, so that r keeps its last bits
// next to multiples of pi/2. Blocks with an element beyond 2^20, where two parts no longer suffice, go through the C
// library. The polynomials are our own, the same as in @sconce/backend-wasm; see functions.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "functions.h"

namespace sconce {
namespace {

struct Angle {
  float r;
  std::int32_t quarters;
};

inline Angle reduce_angle(float x) {
  // Adding it rounds to a whole number, which is then in the low bits.
  constexpr double shift = 6755399441055744.0;
  const double wide = static_cast<double>(x);
  const double shifted = wide * 0.63661977236758134308 + shift;
  const double n = shifted - shift;
  const double r = (wide - n * 1.5707963267341256) - n * 6.077100506506192e-11;
  return {static_cast<float>(r), static_cast<std::int32_t>(n)};
}

/** Relative error 4e-9. */
inline float sine_series(float r) {
  const float z = r * r;
  const float p = (-0.0001951729747f * z + 0.008332178135f) * z - 0.1666665494f;
  return r * (p * z + 1.0f);
}

/** Absolute error 1e-10; the first two coefficients are fixed. */
inline float cosine_series(float r) {
  const float z = r * r;
  const float p = (2.443844764e-5f * z - 0.001388736748f) * z + 0.04166664687f;
  return (p * z - 0.5f) * z + 1.0f;
}

/** The sine of n quarter turns and r. */
inline float sine_of(float r, std::int32_t n) {
  const float value = (n & 1) != 0 ? cosine_series(r) : sine_series(r);
  return (n & 2) != 0 ? -value : value;
}

struct Sine {
  float operator()(float x) const {
    const Angle angle = reduce_angle(x);
    // The sign of zero is lost in the reduction.
    return x == 0.0f ? x : sine_of(angle.r, angle.quarters);
  }
  static double exact(double x) { return std::sin(x); }
};

struct Cosine {
  float operator()(float x) const {
    const Angle angle = reduce_angle(x);
    return sine_of(angle.r, angle.quarters + 1);
  }
  static double exact(double x) { return std::cos(x); }
};

struct Tangent {
  float operator()(float x) const {
    const Angle angle = reduce_angle(x);
    const float sine = sine_series(angle.r);
    const float cosine = cosine_series(angle.r);
    const bool is_odd = (angle.quarters & 1) != 0;
    const float value = (is_odd ? -cosine : sine) / (is_odd ? sine : cosine);
    return x == 0.0f ? x : value;
  }
  static double exact(double x) { return std::tan(x); }
};

template <class F>
void trigonometric_block(void* out, const void* a, const void*, const void*, std::int64_t n, int uniform) {
  const float* from = static_cast<const float*>(a);
  float* to = static_cast<float*>(out);
  const auto exact = [](float x) { return static_cast<float>(F::exact(static_cast<double>(x))); };
  if (uniform & 1) {
    const float value = exact(*from);
    for (std::int64_t i = 0; i < n; i++) to[i] = value;
    return;
  }
  std::int32_t large = 0;
  // NaN counts as large.
  for (std::int64_t i = 0; i < n; i++) large |= !(std::fabs(from[i]) < 1048576.0f);
  if (large) {
    for (std::int64_t i = 0; i < n; i++) to[i] = exact(from[i]);
  } else {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; i++) to[i] = F()(from[i]);
  }
}

}  // namespace
}  // namespace sconce
