// Softmax of a row, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

struct RowTable {
  /** y = e^(x - max x), divided by its sum. With memory for n elements in `staged`, y is stored past the caches. */
  void (*softmax)(const float* x, float* y, std::int64_t n, float* staged);
  /** y = x - max x - ln(sum of e^(x - max x)); not staged. */
  void (*log_softmax)(const float* x, float* y, std::int64_t n, float* staged);
};

const RowTable& row_table();

}  // namespace sconce
