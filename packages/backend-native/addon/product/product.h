// The product of two matrices.
#pragma once

#include <cstdint>

#include "../dnnl/post_operations.h"
#include "../kernel.h"

namespace sconce {

/** a [rows][depth], or lying as [depth][rows]; b [depth][columns], or lying as [columns][depth]. */
struct ProductShape {
  std::int64_t rows, columns, depth;
  bool transpose_a, transpose_b;
};

/** Whether there are enough rows and columns for it. */
bool suits_product(const ProductShape& shape);

/** (a, b, operands of the post-operations...) to the product [rows][columns]; where it `exchanges`, (b, a) to it. */
KernelPointer product(const ProductShape& shape, const PostOperations& post, bool exchanges = false);

}  // namespace sconce
