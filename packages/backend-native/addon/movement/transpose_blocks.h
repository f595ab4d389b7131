// The transposition of a block of a matrix, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

struct TransposeTable {
  /** Writes `rows` by `columns` elements, whose rows are `stride` apart, as columns of rows that are `result_stride` apart. */
  void (*block)(const float* from, std::int64_t stride, float* to, std::int64_t result_stride, std::int64_t rows, std::int64_t columns);
};

const TransposeTable& transpose_table();

}  // namespace sconce
