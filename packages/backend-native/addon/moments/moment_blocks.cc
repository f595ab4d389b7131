// Two passes over a block: its sums, then the squares of the distances from its own mean. The second finds the block in
// the first-level cache, and no digits cancel as they do in the difference of squares.
#include "moment_blocks.h"

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;
using Vector = VectorOf<float>::Type;
constexpr int64_t kLanes = VectorOf<float>::kLanes;

const Vector& at(const float* x) { return *reinterpret_cast<const Vector*>(x); }

double total(const Vector& vector) {
  float parts[kLanes];
  std::memcpy(parts, &vector, sizeof parts);
  return reduce<float, Add>(parts, kLanes);
}

void along(const float* x, int64_t rows, int64_t before, double* sum, double* squares) {
  const double more = reduce<float, Add>(x, rows);
  const float mean = static_cast<float>(more / static_cast<double>(rows));
  Vector parts[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= rows; i += 4 * kLanes) {
    for (int64_t v = 0; v < 4; v++) {
      __builtin_prefetch(x + rows + i + v * kLanes);  // where the next block is likely to be
      const Vector distance = at(x + i + v * kLanes) - mean;
      parts[v] += distance * distance;
    }
  }
  double more_squares = total((parts[0] + parts[1]) + (parts[2] + parts[3]));
  for (; i < rows; i++) more_squares += static_cast<double>(x[i] - mean) * (x[i] - mean);
  join_moments(before, sum, squares, rows, more, more_squares);
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
