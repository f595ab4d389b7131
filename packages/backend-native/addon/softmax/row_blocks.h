// Softmax of a row, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

struct RowTable {
  /** y = e^(x - max x), divided by its sum. */
  void (*softmax)(const float* x, float* y, std::int64_t n);
  /** y = x - max x - ln(sum of e^(x - max x)). */
  void (*log_softmax)(const float* x, float* y, std::int64_t n);
};

const RowTable& row_table();

}  // namespace sconce
