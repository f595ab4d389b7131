// x^y of floats: 2^(y log2 |x|) in double, whose 53 bits leave enough behind a product as large as 150. The special
// values are those of IEEE 754. No branches, so that loops over it become vector code.
//
// |x| = 2^e m with m between sqrt(1/2) and sqrt(2), and log2 m = s P(s^2) with s = (m - 1) / (m + 1). The product is
// n + r with a whole n and |r| <= 1/2; the exponent of 2^n comes from adding a large number, as in exp. The polynomials
// are our own, the same as in @sconce/backend-wasm; see functions.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace sconce {
namespace {

/** Bits are unsigned, so that arithmetic on those of NaN and infinity may wrap around. */
inline double as_double(std::uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}

inline std::uint64_t as_long_bits(double value) {
  std::uint64_t bits;
  std::memcpy(&bits, &value, 8);
  return bits;
}

constexpr std::uint64_t kRootHalfLong = 0x3fe6a09e667f3bcd;
constexpr std::uint64_t kOneLong = 0x3ff0000000000000;
/** The bits of 2^52 + k are these with k in the low ones. */
constexpr double kCarrier = 4503599627370496.0;

/** log2 x of a double that is a float, not negative: relative error 4e-12. */
inline double log2_of(double x) {
  const std::uint64_t exponent = (as_long_bits(x) - kRootHalfLong + kOneLong) >> 52;
  const double e = as_double(exponent | as_long_bits(kCarrier)) - (kCarrier + 1023.0);
  const double m = as_double(as_long_bits(x) + kOneLong - (exponent << 52));
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  double p = 0.340738459673871;
  p = p * z + 0.41167228825507424;
  p = p * z + 0.5770835917686191;
  p = p * z + 0.961796673308326;
  p = p * z + 2.8853900817901112;
  const double finite = p * s + e;
  const double positive = x == 0.0 ? -static_cast<double>(INFINITY) : finite;
  return x < static_cast<double>(INFINITY) ? positive : x;
}

/** 2^p; beyond the range of float it may be any number there. Relative error 2e-9; the 1 of the polynomial is fixed. */
inline double exp2_of(double p) {
  const double low = p < -1000.0 ? -1000.0 : p;
  const double bounded = low > 1000.0 ? 1000.0 : low;
  const double shift = 1.5 * kCarrier + 1023.0;
  const double shifted = bounded + shift;
  const double r = bounded - (shifted - shift);
  double q = 0.00015353320466310837;
  q = q * r + 0.0013398925999601682;
  q = q * r + 0.009618437853992873;
  q = q * r + 0.055503323480108134;
  q = q * r + 0.24022647906947706;
  q = q * r + 0.6931472029069246;
  q = q * r + 1.0;
  return q * as_double(as_long_bits(shifted) << 52);
}

inline float power_float(float x, float y) {
  const float magnitude = static_cast<float>(exp2_of(static_cast<double>(y) * log2_of(static_cast<double>(std::fabs(x)))));
  const float half = y * 0.5f;
  const bool is_whole = std::nearbyint(y) == y;
  const bool is_odd = is_whole & (std::nearbyint(half) != half);
  const float turned = is_odd ? std::copysign(magnitude, x) : magnitude;
  const bool is_negative = (x < 0.0f) & (x > -INFINITY);
  const float defined = is_negative & !is_whole ? NAN : turned;
  const bool is_one = (y == 0.0f) | (x == 1.0f) | ((x == -1.0f) & (std::fabs(y) == INFINITY));
  return is_one ? 1.0f : defined;
}

}  // namespace
}  // namespace sconce
