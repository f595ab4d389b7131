// A loop nest as a kernel.
#pragma once

#include "../parts/parted_kernel.h"
#include "nest.h"

namespace sconce {

/** The kernel that runs the nest on all threads. */
KernelPointer nest_kernel(Nest nest);

/** The same, to be done in parts of output loop `loop`: of the first one, if it reduces. */
PartedPointer parted_nest(Nest nest, int loop);

}  // namespace sconce
