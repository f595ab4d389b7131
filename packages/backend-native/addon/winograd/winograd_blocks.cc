// The transforms evaluate polynomials at 0, a, -a, b, -b and infinity with a = 1 / sqrt 2 and b = sqrt 2; see Lavin and
// Gray, "Fast Algorithms for Convolutional Neural Networks" (2015). These points keep rounding errors at about twice those
// of direct sums; the customary 1 and 2 give five to ten times.
#include "winograd_blocks.h"

#include "../results/step_vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using Vector = Floats;
constexpr int kLanes = kFloatLanes;

constexpr float kAA = 0.5f, kBB = 2.0f;
constexpr float kA = 0.70710678118654752f, kB = 1.41421356237309505f;
constexpr float kScaleA = 1 / (2 * kAA * (kAA - kBB)), kScaleB = 1 / (2 * kBB * (kBB - kAA));

/** Six elements of the input to six factors. */
void input_line(const Vector* d, Vector* v) {
  v[0] = d[0] - (kAA + kBB) * d[2] + d[4];
  const Vector even_a = d[4] - kBB * d[2], odd_a = d[3] - kBB * d[1];
  v[1] = even_a + kA * odd_a;
  v[2] = even_a - kA * odd_a;
  const Vector even_b = d[4] - kAA * d[2], odd_b = d[3] - kAA * d[1];
  v[3] = even_b + kB * odd_b;
  v[4] = even_b - kB * odd_b;
  v[5] = d[1] - (kAA + kBB) * d[3] + d[5];
}

/** Three taps to six factors. */
void kernel_line(const Vector* w, Vector* u) {
  u[0] = w[0];
  const Vector even_a = kScaleA * w[0] + kScaleA * kAA * w[2];
  u[1] = even_a + kScaleA * kA * w[1];
  u[2] = even_a - kScaleA * kA * w[1];
  const Vector even_b = kScaleB * w[0] + kScaleB * kBB * w[2];
  u[3] = even_b + kScaleB * kB * w[1];
  u[4] = even_b - kScaleB * kB * w[1];
  u[5] = w[2];
}

/** Six products to four results. */
void output_line(const Vector* m, Vector* y) {
  const Vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
  y[0] = m[0] + even_a + even_b;
  y[1] = kA * odd_a + kB * odd_b;
  y[2] = kAA * even_a + kBB * even_b;
  y[3] = kAA * kA * odd_a + kBB * kB * odd_b + m[5];
}

/** The adjoint of output_line. */
void output_gradient_line(const Vector* g, Vector* v) {
  v[0] = g[0];
  const Vector even_a = g[0] + kAA * g[2], odd_a = g[1] + kAA * g[3];
  v[1] = even_a + kA * odd_a;
  v[2] = even_a - kA * odd_a;
  const Vector even_b = g[0] + kBB * g[2], odd_b = g[1] + kBB * g[3];
  v[3] = even_b + kB * odd_b;
  v[4] = even_b - kB * odd_b;
  v[5] = g[3];
}

/** The adjoint of kernel_line. */
void kernel_gradient_line(const Vector* m, Vector* w) {
  const Vector even_a = m[1] + m[2], odd_a = m[1] - m[2], even_b = m[3] + m[4], odd_b = m[3] - m[4];
  w[0] = m[0] + kScaleA * even_a + kScaleB * even_b;
  w[1] = kScaleA * kA * odd_a + kScaleB * kB * odd_b;
  w[2] = kScaleA * kAA * even_a + kScaleB * kBB * even_b + m[5];
}

using Line = void (*)(const Vector*, Vector*);

/** Both axes: from a square of From x From to one of To x To, by load(i) and store(i, value). Unrolled, so that values stay in registers. */
template <int From, int To, Line line, class Load, class Store>
__attribute__((always_inline)) inline void both(const Load& load, const Store& store) {
  Vector rows[From * To];
#pragma GCC unroll 8
  for (int i = 0; i < From; i++) {
    Vector row[From];
#pragma GCC unroll 8
    for (int j = 0; j < From; j++) row[j] = load(i * From + j);
    line(row, rows + i * To);
  }
#pragma GCC unroll 8
  for (int j = 0; j < To; j++) {
    Vector column[From], result[To];
#pragma GCC unroll 8
    for (int i = 0; i < From; i++) column[i] = rows[i * To + j];
    line(column, result);
#pragma GCC unroll 8
    for (int i = 0; i < To; i++) store(i * To + j, result[i]);
  }
}

/** A transform that reads through pointers and writes arrays that lie apart. */
template <int From, int To, Line line>
void spread(const float* const* from, std::int64_t channels, float* to, std::int64_t apart) {
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    both<From, To, line>([&](int i) { return SCONCE_ISA::load(from[i] + c); }, [&](int i, Vector value) { SCONCE_ISA::store(to + i * apart + c, value); });
  }
}

void input(const float* const* elements, std::int64_t channels, float* factors, std::int64_t apart) {
  spread<6, 6, input_line>(elements, channels, factors, apart);
}

void output_gradient(const float* const* gradients, std::int64_t channels, float* factors, std::int64_t apart) {
  spread<4, 6, output_gradient_line>(gradients, channels, factors, apart);
}

/** Steps that are rare. */
__attribute__((noinline)) void apply_all(const ResultChain& chain, std::int64_t channel, float* const* results, const float* all, Vector* values) {
  for (int i = 0; i < 16; i++) {
    if (results[i] == nullptr) continue;
    for (std::size_t step = 0; step < chain.count; step++) values[i] = apply(chain.others[step], values[i], results[i] - all + channel, channel);
  }
}

void output(const float* sums, std::int64_t apart, std::int64_t first, std::int64_t channels, float* const* results, const float* all, const ResultChain& chain) {
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    const std::int64_t channel = first + c;
    Vector values[16];
    both<6, 4, output_line>([&](int i) { return load(sums + i * apart + c); }, [&](int i, Vector value) { values[i] = value; });
    const auto change = [&](const auto& function) {
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) values[i] = function(values[i]);
    };
    if (chain.scale != nullptr) change([scale = load(chain.scale + channel)](Vector value) { return value * scale; });
    if (chain.shift != nullptr) change([shift = load(chain.shift + channel)](Vector value) { return value + shift; });
    if (chain.addend != nullptr) {
      for (int i = 0; i < 16; i++) {
        if (results[i] != nullptr) values[i] += load(chain.addend + (results[i] - all) + channel);
      }
    }
    if (chain.has_limits) change([low = repeated(chain.low), high = repeated(chain.high)](Vector value) { return at_most(at_least(value, low), high); });
    if (chain.count > 0) apply_all(chain, channel, results, all, values);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) {
      if (results[i] != nullptr) store(results[i] + channel, values[i]);
    }
  }
}

void kernel(const float* taps, std::int64_t count, float* factors, std::int64_t apart) {
  for (std::int64_t c = 0; c < count; c += kLanes) {
    both<3, 6, kernel_line>([&](int i) { return load(taps + i * count + c); }, [&](int i, Vector value) { store(factors + i * apart + c, value); });
  }
}

void kernel_gradient(const float* sums, std::int64_t apart, std::int64_t count, float* taps) {
  for (std::int64_t c = 0; c < count; c += kLanes) {
    both<6, 3, kernel_gradient_line>([&](int i) { return load(sums + i * apart + c); }, [&](int i, Vector value) { store(taps + i * count + c, value); });
  }
}

}  // namespace

const WinogradTable& winograd_table() {
  static const WinogradTable table{input, output, output_gradient, kernel, kernel_gradient};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
