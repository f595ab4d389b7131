// Elementary functions of floats without branches, so that the compiler turns loops over them into vector code. Each is
// within about two units in the last place over the whole range, and special values are as in core's scalarOperators.
//
// The polynomials are our own and the same as in @sconce/backend-wasm (src/math): minimax fits, found by least squares
// whose weights are raised where the error is large until it is level.
//
// exp, expm1, tanh and erf: s x = n ln 2 + s r with a whole n, so that e^(s x) = 2^n e^(s r) with |s r| <= ln(2) / 2.
// Adding 1.5 * 2^23 to s x log2(e) rounds it to n; the low bits of that sum, with 127 added beforehand, are the exponent
// of 2^n. The scale s is a power of two and goes into the coefficients for nothing.
//
// log and log1p: u = 2^e (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), and ln u = e ln 2 + f - f^2 / 2 + f^3 P(f).
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

inline float with_sign(float magnitude, float sign) { return as_float((as_bits(magnitude) & 0x7fffffff) | (as_bits(sign) & INT32_MIN)); }

/** The limits keep a NaN. */
inline float clamp(float x, float least, float most) {
  const float low = x < least ? least : x;
  return low > most ? most : low;
}

/** ln 2 as a number of 16 bits, whose products with whole numbers are exact, and the rest. */
constexpr double kLogTwo = 0.693147180559945309417;
constexpr double kLogTwoHigh = 0.693145751953125;
constexpr double kLogTwoLow = kLogTwo - kLogTwoHigh;

/** r, and 2^n times 2^bias. */
struct Reduced {
  float r;
  float power;
};

inline Reduced reduce_by_log_two(float x, double scale, int bias) {
  const float shift = 12582912.0f + 127.0f + static_cast<float>(bias);
  const float shifted = x * static_cast<float>(1.44269504088896340736 * scale) + shift;
  const float n = shifted - shift;
  const float r = n * static_cast<float>(-kLogTwoLow / scale) + (n * static_cast<float>(-kLogTwoHigh / scale) + x);
  return {r, as_float(static_cast<std::int32_t>(static_cast<std::uint32_t>(as_bits(shifted)) << 23))};
}

/** (e^(s r) - 1) / r, s a power of two: relative error 1.3e-8 on |s r| <= ln(2) / 2; the first coefficient is fixed. */
inline float exponential_series(float r, double s) {
  float p = static_cast<float>(0.001388251072 * s * s * s * s * s * s);
  p = p * r + static_cast<float>(0.008366547446 * s * s * s * s * s);
  p = p * r + static_cast<float>(0.0416672008 * s * s * s * s);
  p = p * r + static_cast<float>(0.1666654342 * s * s * s);
  p = p * r + static_cast<float>(0.4999999815 * s * s);
  return p * r + static_cast<float>(s);
}

/** e^x as the square of e^(x / 2), which neither overflows nor loses bits where e^x is just about a number. */
inline float exp_float(float x) {
  const Reduced reduced = reduce_by_log_two(clamp(x, -105.0f, 89.0f), 0.5, 0);
  const float root = (exponential_series(reduced.r, 0.5) * reduced.r + 1.0f) * reduced.power;
  return root * root;
}

/** e^x - 1 = 2 (2^(n - 1) (e^r - 1) + 2^(n - 1) - 1/2); at n = 0 it is e^r - 1, whose sign and last bits this spares. */
inline float expm1_float(float x) {
  const Reduced reduced = reduce_by_log_two(clamp(x, -64.0f, 89.0f), 1, -1);
  const float near = exponential_series(reduced.r, 1) * reduced.r;
  const float far = reduced.power * near + (reduced.power - 0.5f);
  return reduced.power == 0.5f ? near : far + far;
}

/** e^(scale x) - 1 for |scale x| < 80, but for the sign of 0. */
inline float bounded_expm1(float x, double scale) {
  const Reduced reduced = reduce_by_log_two(x, scale, 0);
  return reduced.power * (exponential_series(reduced.r, scale) * reduced.r) + (reduced.power - 1.0f);
}

/** With t = e^(2 |x|) - 1: t / (t + 2), which is 1 from |x| = 9.1 on. */
inline float tanh_float(float x) {
  const float t = bounded_expm1(clamp(std::fabs(x), 0.0f, 9.1f), 2);
  return with_sign(t / (t + 2.0f), x);
}

/**
 * 1 - e^(-q) with q = -ln(1 - erf |x|). q is |x| times a smooth function, and small where erf is, so that one polynomial
 * and e^y - 1 are accurate everywhere; from |x| = 3.95 on the result rounds to 1. The polynomial is weighted so that the
 * relative error of erf, 4e-9, is the same everywhere.
 */
inline float erf_float(float x) {
  const float a = clamp(std::fabs(x), 0.0f, 3.95f);
  float p = -9.256269398e-6f;
  p = p * a + 0.0001176413001f;
  p = p * a - 0.0006328369216f;
  p = p * a + 0.001667027508f;
  p = p * a - 0.0001603960309f;
  p = p * a - 0.01915306397f;
  p = p * a + 0.1027778305f;
  p = p * a + 0.636619382f;
  p = p * a + 1.128379172f;
  return with_sign(bounded_expm1(p * a, -1), x);
}

constexpr std::int32_t kRootHalfBits = 0x3f3504f3;
constexpr std::int32_t kOneBits = 0x3f800000;

/** e ln 2 + ln(1 + f): P(f) = (ln(1 + f) - f + f^2 / 2) / f^3; the relative error of ln(1 + f) is 6e-9. */
inline float assemble_log(std::int32_t exponent, float f) {
  float p = -0.07634746083f;
  p = p * f + 0.1276228087f;
  p = p * f - 0.1316042051f;
  p = p * f + 0.1420168102f;
  p = p * f - 0.1662332687f;
  p = p * f + 0.2000122902f;
  p = p * f - 0.2500082187f;
  p = p * f + 0.3333333169f;
  // ln 2 as a number of 10 bits, whose products with exponents are exact, and the rest.
  constexpr double high = 0.693359375;
  const float e = static_cast<float>(exponent);
  const float square = f * f;
  const float tail = e * static_cast<float>(kLogTwo - high) + f * square * p;
  return e * static_cast<float>(high) + (f + (square * -0.5f + tail));
}

/** -infinity at 0, NaN below; infinity and NaN stay. */
inline float log_at_edges(float u, float logarithm) {
  const float defined = u == 0.0f ? -INFINITY : logarithm;
  const float positive = u < 0.0f ? NAN : defined;
  return u < INFINITY ? positive : u;
}

/** a - b; it may wrap around in the lanes below 0, whose result is not used. */
inline std::int32_t difference(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) - static_cast<std::uint32_t>(b));
}

inline float log_float(float x) {
  const bool is_subnormal = x < 1.17549435e-38f;
  const float u = is_subnormal ? x * 8388608.0f : x;
  const std::int32_t e = difference(as_bits(u), kRootHalfBits) >> 23;
  const float f = as_float(difference(as_bits(u), e * 0x00800000)) - 1.0f;
  return log_at_edges(x, assemble_log(e - (is_subnormal ? 23 : 0), f));
}

/** u = 1 + x; what rounding u took away from x, x - (u - 1), is added to f, times 2^-e (nothing is lost where that is no number). */
inline float log1p_float(float x) {
  const float u = x + 1.0f;
  const std::int32_t e = difference(as_bits(u), kRootHalfBits) >> 23;
  const std::int32_t shift = e * 0x00800000;
  const float lost = x - (u - 1.0f);
  const float f = lost * as_float(difference(kOneBits, shift < kOneBits ? shift : kOneBits)) + (as_float(difference(as_bits(u), shift)) - 1.0f);
  return with_sign(log_at_edges(u, assemble_log(e, f)), x);
}

}  // namespace
}  // namespace sconce
