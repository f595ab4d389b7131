// Products of matrices that lie anywhere in memory, for kernels that are made of many small ones.
#pragma once

#include <cstdint>

namespace sconce {

/** c[rows][columns] (+)= a[rows][depth] b[depth][columns]; strides in elements. Columns are whole vectors (product_table().lanes). */
struct PlainProduct {
  const float* a;
  std::int64_t a_row, a_step;
  const float* b;
  std::int64_t b_step;
  float* c;
  std::int64_t c_row;
  std::int64_t rows, columns, depth;
  bool accumulates;
};

/** By the calling thread alone. */
void multiply(const PlainProduct& product);

}  // namespace sconce
