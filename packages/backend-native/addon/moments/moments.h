// Sums, and sums of squared distances from the mean, in one pass over memory: all that means and variances are made of.
// Described by six numbers: how many results and the stride between their first elements, then extent and stride of the
// outer and of the inner reduction loop; results or the inner loop lie side by side. Buffers: x, sums, squares.
#pragma once

#include "../parts/parted_kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer moments(Reader& reader);

/** The same, to be done in parts of its results. */
PartedPointer parted_moments(Reader& reader);

}  // namespace sconce
