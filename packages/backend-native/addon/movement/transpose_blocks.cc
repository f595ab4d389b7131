// Square tiles are transposed in registers, as many rows as a vector has lanes. Where there are n of them, n = 2^k, k rounds
// do it: each takes the rows i and i + n / 2 to the rows 2 i and 2 i + 1, which get their elements in turns. That moves
// the top bit of an element's row number to the bottom of its column number, and k of them exchange the two.
//
// Images with a few channels, as networks get them, are no more than rows laid into each other.
#include "transpose_blocks.h"

#include <algorithm>
#include <cstring>

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;

using Vector = VectorOf<float>::Type;
typedef std::int32_t Lanes __attribute__((vector_size(kVectorBytes)));
constexpr int64_t kLanes = VectorOf<float>::kLanes;

/** The lower (`half` 0) or upper halves of two vectors, in turns. */
template <int64_t half>
inline Vector in_turns(Vector a, Vector b) {
  Lanes choice = {};
  for (int64_t i = 0; i < kLanes; i++) choice[i] = static_cast<std::int32_t>(half * kLanes / 2 + i / 2 + (i % 2) * kLanes);
  return __builtin_shuffle(a, b, choice);
}

inline void transpose_tile(Vector (&rows)[kLanes]) {
#pragma GCC unroll 4
  for (int64_t round = 1; round < kLanes; round *= 2) {
    Vector next[kLanes];
#pragma GCC unroll 8
    for (int64_t i = 0; i < kLanes / 2; i++) {
      next[2 * i] = in_turns<0>(rows[i], rows[i + kLanes / 2]);
      next[2 * i + 1] = in_turns<1>(rows[i], rows[i + kLanes / 2]);
    }
#pragma GCC unroll 16
    for (int64_t i = 0; i < kLanes; i++) rows[i] = next[i];
  }
}

void whole_tile(const float* from, int64_t stride, float* to, int64_t result_stride) {
  Vector rows[kLanes];
#pragma GCC unroll 16
  for (int64_t i = 0; i < kLanes; i++) rows[i] = *reinterpret_cast<const Vector*>(from + i * stride);
  transpose_tile(rows);
#pragma GCC unroll 16
  for (int64_t i = 0; i < kLanes; i++) *reinterpret_cast<Vector*>(to + i * result_stride) = rows[i];
}

/** A tile at the edge, of fewer rows or columns. */
void part_of_tile(const float* from, int64_t stride, float* to, int64_t result_stride, int64_t rows, int64_t columns) {
  for (int64_t j = 0; j < columns; j++) {
    for (int64_t i = 0; i < rows; i++) to[j * result_stride + i] = from[i * stride + j];
  }
}

/** `rows` rows, laid into each other. */
template <int64_t rows>
void interleave(const float* __restrict from, int64_t stride, float* __restrict to, int64_t columns) {
  for (int64_t j = 0; j < columns; j++) {
#pragma GCC unroll 4
    for (int64_t i = 0; i < rows; i++) to[j * rows + i] = from[i * stride + j];
  }
}

void block(const float* from, int64_t stride, float* to, int64_t result_stride, int64_t rows, int64_t columns) {
  if (result_stride == rows) {
    if (rows == 2) return interleave<2>(from, stride, to, columns);
    if (rows == 3) return interleave<3>(from, stride, to, columns);
    if (rows == 4) return interleave<4>(from, stride, to, columns);
  }
  for (int64_t j = 0; j < columns; j += kLanes) {
    const int64_t width = std::min(kLanes, columns - j);
    for (int64_t i = 0; i < rows; i += kLanes) {
      const int64_t height = std::min(kLanes, rows - i);
      const float* source = from + i * stride + j;
      float* target = to + j * result_stride + i;
      if (width == kLanes && height == kLanes) whole_tile(source, stride, target, result_stride);
      else part_of_tile(source, stride, target, result_stride, height, width);
    }
  }
}

}  // namespace

const TransposeTable& transpose_table() {
  static const TransposeTable table = {block};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
