// A loop nest as a kernel.
#pragma once

#include "../kernel.h"
#include "nest.h"

namespace sconce {

/** The kernel that runs the nest on all threads. */
KernelPointer nest_kernel(Nest nest);

}  // namespace sconce
