// Transposing pieces of matrices of float32, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

struct TransposeTable {
  /** to[column][row] = from[row][column]; `from_row` and `to_row` are floats from one row to the next. */
  void (*piece)(const float* from, std::int64_t from_row, std::int64_t rows, std::int64_t columns, float* to, std::int64_t to_row);
};

const TransposeTable& transpose_table();

}  // namespace sconce
