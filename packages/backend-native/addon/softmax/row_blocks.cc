// Three passes over a row that stays in the first-level cache: its largest element, the exponentials with their sum, and
// the division, as a product. Exponentials are summed in double, a few hundred at a time, so that long rows keep their
// precision.
#include "row_blocks.h"

#include <algorithm>
#include <cmath>

#include "../nest/functions.h"
#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;

constexpr int64_t kPiece = 512;

/** The larger of two numbers. It may pass over a NaN, which makes the sum of the exponentials NaN and so all of the row. */
struct Larger { template <class T> T operator()(T a, T b) const { return b > a ? b : a; } };

/** y = e^(x - largest), and its sum. */
double exponentials(const float* x, float* y, int64_t n, float largest) {
  double sum = 0;
  for (int64_t from = 0; from < n; from += kPiece) {
    const int64_t to = std::min(n, from + kPiece);
#pragma GCC ivdep
    for (int64_t i = from; i < to; i++) y[i] = exp_float(x[i] - largest);
    sum += reduce<float, Add>(y + from, to - from);
  }
  return sum;
}

/** y = the factor times each of `values`, past the caches where y is aligned. */
void stream_product(const float* values, float factor, float* y, int64_t n) {
  using Vector = VectorOf<float>::Type;
  constexpr int64_t lanes = VectorOf<float>::kLanes;
  int64_t i = 0;
  for (; i < n && reinterpret_cast<std::uintptr_t>(y + i) % kVectorBytes != 0; i++) y[i] = values[i] * factor;
  for (; i + lanes <= n; i += lanes) stream_vector(y + i, *reinterpret_cast<const Vector*>(values + i) * factor);
  for (; i < n; i++) y[i] = values[i] * factor;
}

void softmax(const float* x, float* y, int64_t n, float* staged) {
  const float largest = static_cast<float>(reduce<float, Larger>(x, n));
  if (staged != nullptr) {
    // Much is read: the next row is asked for while this one is computed.
    for (int64_t i = 0; i < n; i += 64 / static_cast<int64_t>(sizeof(float))) __builtin_prefetch(x + n + i);
  }
  float* values = staged != nullptr ? staged : y;
  const float factor = static_cast<float>(1 / exponentials(x, values, n, largest));
  if (staged != nullptr) {
    stream_product(staged, factor, y, n);
  } else {
    for (int64_t i = 0; i < n; i++) y[i] *= factor;
  }
}

void log_softmax(const float* x, float* y, int64_t n, float*) {
  const float largest = static_cast<float>(reduce<float, Larger>(x, n));
  const float logarithm = static_cast<float>(std::log(exponentials(x, y, n, largest)));
#pragma GCC ivdep
  for (int64_t i = 0; i < n; i++) y[i] = (x[i] - largest) - logarithm;
}

}  // namespace

const RowTable& row_table() {
  static const RowTable table = {softmax, log_softmax};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
