// Products of rows that lie anywhere, and how the second factor is packed.
#include "product_blocks.h"

#include <algorithm>
#include <cstring>

#include "lines.h"
#include "tile.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

typedef float Quad __attribute__((vector_size(16)));
typedef std::int32_t QuadOrder __attribute__((vector_size(16)));

/** Four rows of four elements, `from_step` apart, become columns. */
inline __attribute__((always_inline)) void transpose(const float* from, std::int64_t from_step, float* to, std::int64_t to_step) {
  Quad a, b, c, d;
  std::memcpy(&a, from, sizeof a);
  std::memcpy(&b, from + from_step, sizeof b);
  std::memcpy(&c, from + 2 * from_step, sizeof c);
  std::memcpy(&d, from + 3 * from_step, sizeof d);
  const Quad low = __builtin_shuffle(a, b, QuadOrder{0, 4, 1, 5}), high = __builtin_shuffle(a, b, QuadOrder{2, 6, 3, 7});
  const Quad next_low = __builtin_shuffle(c, d, QuadOrder{0, 4, 1, 5}), next_high = __builtin_shuffle(c, d, QuadOrder{2, 6, 3, 7});
  const Quad rows[4] = {__builtin_shuffle(low, next_low, QuadOrder{0, 1, 4, 5}), __builtin_shuffle(low, next_low, QuadOrder{2, 3, 6, 7}),
                        __builtin_shuffle(high, next_high, QuadOrder{0, 1, 4, 5}), __builtin_shuffle(high, next_high, QuadOrder{2, 3, 6, 7})};
  for (int i = 0; i < 4; i++) std::memcpy(to + i * to_step, &rows[i], sizeof(Quad));
}

/** Rows of a known length, which are copied without a call. */
template <int Columns>
void copy_rows(const float* from, std::int64_t step, std::int64_t count, float* to) {
  for (std::int64_t k = 0; k < count; k++) std::memcpy(to + k * Columns, from + k * step, Columns * sizeof(float));
}

void pack_copies(const float* from, std::int64_t depth_step, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to) {
  if (columns == width && width == kVectors * kLanes) return copy_rows<kVectors * kLanes>(from, depth_step, depth, to);
  for (std::int64_t k = 0; k < depth; k++) {
    std::memcpy(to + k * width, from + k * depth_step, static_cast<std::size_t>(columns) * sizeof(float));
    std::fill(to + k * width + columns, to + (k + 1) * width, 0.0f);
  }
}

/** Sixteen elements of each column at a time, which are a cache line, and four by four of them in registers. */
void pack(const float* from, std::int64_t depth_step, std::int64_t column_step, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to) {
  if (column_step == 1) return pack_copies(from, depth_step, depth, columns, width, to);
  constexpr std::int64_t line = 16;
  for (std::int64_t start = 0; start < depth; start += line) {
    const std::int64_t end = std::min(depth, start + line);
    for (std::int64_t column = 0; column < width; column += 4) {
      const float* const source = from + column * column_step;
      std::int64_t k = start;
      if (depth_step == 1 && column + 4 <= columns) {
        for (; k + 4 <= end; k += 4) transpose(source + k, column_step, to + k * width + column, width);
      }
      for (; k < end; k++) {
        for (std::int64_t c = 0; c < 4; c++) to[k * width + column + c] = column + c < columns ? source[c * column_step + k * depth_step] : 0.0f;
      }
    }
  }
}

}  // namespace

const ProductTable& product_table() {
  static const ProductTable table{kVectors * kLanes, kLanes, kTileRows, multiply<kPointers>, multiply_lines, pack};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
