// A square of as many rows as a vector has lanes is transposed in registers: interleaving row i with row i + half, for all
// i, moves a bit of the row's number into the column's, and after as many rounds as there are bits they have changed places.
#include "transpose_blocks.h"

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int32_t;
using std::int64_t;

using Vector = VectorOf<float>::Type;
constexpr int kLanes = VectorOf<float>::kLanes;
typedef int32_t Places __attribute__((vector_size(kVectorBytes)));

/** Where the lanes of two vectors, one after the other, go when their lower or upper halves are interleaved. */
Places interleaved(int half) {
  Places places{};
  for (int i = 0; i < kLanes; i++) places[i] = half * (kLanes / 2) + i / 2 + (i % 2) * kLanes;
  return places;
}

void square(const float* from, int64_t from_row, float* to, int64_t to_row) {
  typedef float Aligned __attribute__((vector_size(kVectorBytes)));
  const Places lower = interleaved(0), upper = interleaved(1);
  Aligned rows[kLanes], next[kLanes];
  for (int i = 0; i < kLanes; i++) rows[i] = *reinterpret_cast<const Vector*>(from + i * from_row);
  for (int round = 1; round < kLanes; round *= 2) {
    for (int i = 0; i < kLanes / 2; i++) {
      next[2 * i] = __builtin_shuffle(rows[i], rows[i + kLanes / 2], lower);
      next[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + kLanes / 2], upper);
    }
    for (int i = 0; i < kLanes; i++) rows[i] = next[i];
  }
  for (int i = 0; i < kLanes; i++) *reinterpret_cast<Vector*>(to + i * to_row) = rows[i];
}

void one_by_one(const float* from, int64_t from_row, int64_t rows, int64_t columns, float* to, int64_t to_row) {
  for (int64_t column = 0; column < columns; column++) {
    for (int64_t row = 0; row < rows; row++) to[column * to_row + row] = from[row * from_row + column];
  }
}

void piece(const float* from, int64_t from_row, int64_t rows, int64_t columns, float* to, int64_t to_row) {
  const int64_t whole_rows = rows - rows % kLanes, whole_columns = columns - columns % kLanes;
  for (int64_t column = 0; column < whole_columns; column += kLanes) {
    for (int64_t row = 0; row < whole_rows; row += kLanes) square(from + row * from_row + column, from_row, to + column * to_row + row, to_row);
  }
  one_by_one(from + whole_rows * from_row, from_row, rows - whole_rows, whole_columns, to + whole_rows, to_row);
  one_by_one(from + whole_columns, from_row, rows, columns - whole_columns, to + whole_columns * to_row, to_row);
}

}  // namespace

const TransposeTable& transpose_table() {
  static const TransposeTable table = {piece};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
