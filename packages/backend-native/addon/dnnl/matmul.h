// Matrix products, batched and transposed.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

/**
 * (a, b, operands of the post-operations...) to a b. The description: the batch dimensions of the result; for a and for b,
 * a list of strides in elements per batch dimension (0 where it is repeated); rows, columns, depth; whether a is
 * transposed, whether b is, whether they are rounded to bfloat16; the post-operations.
 */
KernelPointer matmul(Reader& reader);

}  // namespace sconce
