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

/** Both axes: from a square of From x From to one of To x To. */
template <int From, int To, Line line>
void both(const Vector (&from)[From * From], Vector (&to)[To * To]) {
  Vector rows[From * To];
  for (int i = 0; i < From; i++) line(from + i * From, rows + i * To);
  for (int j = 0; j < To; j++) {
    Vector column[From], result[To];
    for (int i = 0; i < From; i++) column[i] = rows[i * To + j];
    line(column, result);
    for (int i = 0; i < To; i++) to[i * To + j] = result[i];
  }
}

/** A transform that reads through pointers and writes arrays that lie apart, or the other way round. */
template <int From, int To, Line line>
void spread(const float* const* from, std::int64_t channels, float* to, std::int64_t apart) {
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    Vector elements[From * From], factors[To * To];
    for (int i = 0; i < From * From; i++) elements[i] = load(from[i] + c);
    both<From, To, line>(elements, factors);
    for (int i = 0; i < To * To; i++) store(to + i * apart + c, factors[i]);
  }
}

void input(const float* const* elements, std::int64_t channels, float* factors, std::int64_t apart) {
  spread<6, 6, input_line>(elements, channels, factors, apart);
}

void output_gradient(const float* const* gradients, std::int64_t channels, float* factors, std::int64_t apart) {
  spread<4, 6, output_gradient_line>(gradients, channels, factors, apart);
}

void output(const float* sums, std::int64_t apart, std::int64_t channels, float* const* results, const float* all, const ResultStep* steps, std::size_t count) {
  for (std::int64_t c = 0; c < channels; c += kLanes) {
    Vector products[36], values[16];
    for (int i = 0; i < 36; i++) products[i] = load(sums + i * apart + c);
    both<6, 4, output_line>(products, values);
    for (int i = 0; i < 16; i++) {
      if (results[i] == nullptr) continue;
      Vector value = values[i];
      for (std::size_t step = 0; step < count; step++) value = apply(steps[step], value, results[i] - all + c, c);
      store(results[i] + c, value);
    }
  }
}

void kernel(const float* taps, std::int64_t count, float* factors, std::int64_t apart) {
  for (std::int64_t c = 0; c < count; c += kLanes) {
    Vector elements[9], values[36];
    for (int i = 0; i < 9; i++) elements[i] = load(taps + i * count + c);
    both<3, 6, kernel_line>(elements, values);
    for (int i = 0; i < 36; i++) store(factors + i * apart + c, values[i]);
  }
}

void kernel_gradient(const float* sums, std::int64_t apart, std::int64_t count, float* taps) {
  for (std::int64_t c = 0; c < count; c += kLanes) {
    Vector products[36], values[9];
    for (int i = 0; i < 36; i++) products[i] = load(sums + i * apart + c);
    both<6, 3, kernel_gradient_line>(products, values);
    for (int i = 0; i < 9; i++) store(taps + i * count + c, values[i]);
  }
}

}  // namespace

const WinogradTable& winograd_table() {
  static const WinogradTable table{input, output, output_gradient, kernel, kernel_gradient};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
