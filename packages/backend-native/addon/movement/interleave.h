// Copies that bring a few planes side by side, as an image's colours come into channels-last order: nests of a single
// load whose last loop is too short for the blocks that other nests run in.
#pragma once

#include "../kernel.h"
#include "../nest/nest.h"

namespace sconce {

/** The kernel for a nest that does nothing else, or nullptr. */
KernelPointer interleave(const Nest& nest);

}  // namespace sconce
