// sin, cos and tan of floats, computed in double: x minus a multiple of pi / 2 in two parts, then Taylor polynomials on
// [-pi/4, pi/4]. Blocks with an element beyond 2^20, where two parts no longer suffice, go through the C library.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace sconce {
namespace {

struct SineAndCosine {
  double sine;
  double cosine;
};

inline SineAndCosine sine_and_cosine(double x) {
  const double shifted = x * 0.63661977236758134308 + 6755399441055744.0;
  std::int64_t bits;
  std::memcpy(&bits, &shifted, 8);
  const double k = shifted - 6755399441055744.0;
  const double r = (x - k * 1.57079632673412561417) - k * 6.07710050650619224932e-11;
  const double z = r * r;
  double s = 2.7557313707070068e-6;
  s = s * z - 1.9841269829857949e-4;
  s = s * z + 8.3333333333224895e-3;
  s = s * z - 1.6666666666666632e-1;
  const double sine = r + r * z * s;
  double c = -2.7557314351390663e-7;
  c = c * z + 2.4801587289476729e-5;
  c = c * z - 1.3888888888874110e-3;
  c = c * z + 4.1666666666666602e-2;
  const double cosine = 1.0 - 0.5 * z + z * z * c;
  const bool swapped = (bits & 1) != 0;
  const double first = swapped ? cosine : sine;
  const double second = swapped ? sine : cosine;
  return {(bits & 2) != 0 ? -first : first, ((bits + 1) & 2) != 0 ? -second : second};
}

inline bool all_moderate(const float* x, std::int64_t n) {
  bool moderate = true;
  for (std::int64_t i = 0; i < n; i++) moderate &= std::fabs(x[i]) < 1048576.0f;
  return moderate;
}

template <class Fast, class Exact>
void trigonometric_block(void* out, const void* a, std::int64_t n, int uniform, Fast fast, Exact exact) {
  const float* from = static_cast<const float*>(a);
  float* to = static_cast<float*>(out);
  if (uniform & 1) {
    const float value = static_cast<float>(exact(static_cast<double>(*from)));
    for (std::int64_t i = 0; i < n; i++) to[i] = value;
  } else if (all_moderate(from, n)) {
    for (std::int64_t i = 0; i < n; i++) {
      const float value = static_cast<float>(fast(static_cast<double>(from[i])));
      // The sign of zero is lost in the reduction.
      to[i] = value == 0.0f && from[i] == 0.0f ? static_cast<float>(exact(static_cast<double>(from[i]))) : value;
    }
  } else {
    for (std::int64_t i = 0; i < n; i++) to[i] = static_cast<float>(exact(static_cast<double>(from[i])));
  }
}

inline void sine_block(void* out, const void* a, const void*, const void*, std::int64_t n, int uniform) {
  trigonometric_block(out, a, n, uniform, [](double x) { return sine_and_cosine(x).sine; }, [](double x) { return std::sin(x); });
}

inline void cosine_block(void* out, const void* a, const void*, const void*, std::int64_t n, int uniform) {
  trigonometric_block(out, a, n, uniform, [](double x) { return sine_and_cosine(x).cosine; }, [](double x) { return std::cos(x); });
}

inline void tangent_block(void* out, const void* a, const void*, const void*, std::int64_t n, int uniform) {
  trigonometric_block(
      out, a, n, uniform,
      [](double x) {
        const SineAndCosine both = sine_and_cosine(x);
        return both.sine / both.cosine;
      },
      [](double x) { return std::tan(x); });
}

}  // namespace
}  // namespace sconce
