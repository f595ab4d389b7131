// Two passes over a block: its sums, then the squares of the distances from its own mean. The second finds the block in
// the first-level cache, and no digits cancel as they do in the difference of squares.
//
// One pass where enough elements side by side came before: both sums are of distances from the mean of those. What cancels
// when the squares are moved to the block's own mean is rows times the squared distance of the two means; that distance
// is part of the result, with a weight that is only a few times smaller, so few digits are lost whatever the elements are.
#include "moment_blocks.h"

#include <algorithm>
#include <cmath>

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;
using Vector = VectorOf<float>::Type;
constexpr int64_t kLanes = VectorOf<float>::kLanes;

/** Elements of a block for each one before it, at most, where one pass is enough. */
constexpr int64_t kFewerBefore = 8;

const Vector& at(const float* x) { return *reinterpret_cast<const Vector*>(x); }

double total(const Vector& vector) {
  float parts[kLanes];
  std::memcpy(parts, &vector, sizeof parts);
  return reduce<float, Add>(parts, kLanes);
}

/** Sums of the distances of `rows` elements from `centre`, and of their squares. */
struct Distances { double sum, squares; };

template <bool kSums>
Distances distances(const float* x, const float* next, int64_t rows, float centre) {
  Vector sums[4] = {}, squares[4] = {};
  const auto take = [&](int64_t i, int v) {
    const Vector distance = at(x + i) - centre;
    if (kSums) sums[v] += distance;
    squares[v] += distance * distance;
  };
  int64_t i = 0;
  for (; i + 4 * kLanes <= rows; i += 4 * kLanes) {
    for (int v = 0; v < 4; v++) {
      __builtin_prefetch(next + i + v * kLanes);
      take(i + v * kLanes, v);
    }
  }
  for (; i + kLanes <= rows; i += kLanes) take(i, 0);
  Distances result = {kSums ? total((sums[0] + sums[1]) + (sums[2] + sums[3])) : 0, total((squares[0] + squares[1]) + (squares[2] + squares[3]))};
  for (; i < rows; i++) {
    const double distance = x[i] - centre;
    result.sum += distance;
    result.squares += distance * distance;
  }
  return result;
}

void along(const float* x, const float* next, int64_t rows, int64_t before, double* sum, double* squares) {
  const double count = static_cast<double>(rows);
  if (before * kFewerBefore >= rows && std::isfinite(*sum)) {
    const float centre = static_cast<float>(*sum / static_cast<double>(before));
    const Distances found = distances<true>(x, next, rows, centre);
    join_moments(before, sum, squares, rows, found.sum + count * centre, std::max(found.squares - found.sum * found.sum / count, 0.0));
  } else {
    const double more = reduce<float, Add>(x, rows);
    join_moments(before, sum, squares, rows, more, distances<false>(x, next, rows, static_cast<float>(more / count)).squares);
  }
}

/** What columns are taken in: vectors, or one by one where kVectors is 0. */
template <int kVectors>
struct Column { using Item = Vector; };
template <>
struct Column<0> { using Item = float; };

/** kVectors vectors of columns, or one column. */
template <int kVectors>
void columns_of(const float* x, int64_t stride, int64_t rows, int64_t before, double* sums, double* squares) {
  using Item = typename Column<kVectors>::Item;
  constexpr int count = kVectors == 0 ? 1 : kVectors;
  constexpr int64_t lanes = sizeof(Item) / sizeof(float);
  const auto item = [&](int64_t row, int v) { return *reinterpret_cast<const Item*>(x + row * stride + v * lanes); };
  Item total[count] = {}, square[count] = {};
  for (int64_t row = 0; row < rows; row++) {
    for (int v = 0; v < count; v++) total[v] += item(row, v);
  }
  Item mean[count];
  for (int v = 0; v < count; v++) mean[v] = total[v] * (1.0f / static_cast<float>(rows));
  for (int64_t row = 0; row < rows; row++) {
    for (int v = 0; v < count; v++) {
      const Item distance = item(row, v) - mean[v];
      square[v] += distance * distance;
    }
  }
  float more[count * lanes], more_squares[count * lanes];
  std::memcpy(more, total, sizeof more);
  std::memcpy(more_squares, square, sizeof more_squares);
  for (int64_t i = 0; i < count * lanes; i++) join_moments(before, sums + i, squares + i, rows, more[i], more_squares[i]);
}

void across(const float* x, int64_t stride, int64_t rows, int64_t columns, int64_t before, double* sums, double* squares) {
  int64_t c = 0;
  for (; c + 4 * kLanes <= columns; c += 4 * kLanes) columns_of<4>(x + c, stride, rows, before, sums + c, squares + c);
  for (; c + kLanes <= columns; c += kLanes) columns_of<1>(x + c, stride, rows, before, sums + c, squares + c);
  for (; c < columns; c++) columns_of<0>(x + c, stride, rows, before, sums + c, squares + c);
}

}  // namespace

const MomentTable& moment_table() {
  static const MomentTable table = {along, across};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
