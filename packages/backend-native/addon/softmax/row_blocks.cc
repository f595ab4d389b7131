// Three passes over a row that stays in the first-level cache: its largest element, the exponentials with their sum, and
// the division. Exponentials are summed in double, a few hundred at a time, so that long rows keep their precision.
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

void softmax(const float* x, float* y, int64_t n) {
  const float largest = static_cast<float>(reduce<float, MaximumFloat>(x, n));
  const float sum = static_cast<float>(exponentials(x, y, n, largest));
  for (int64_t i = 0; i < n; i++) y[i] /= sum;
}

void log_softmax(const float* x, float* y, int64_t n) {
  const float largest = static_cast<float>(reduce<float, MaximumFloat>(x, n));
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
