// Makers of kernels, by the name JavaScript asks for.
#pragma once

#include <string>

#include "kernel.h"
#include "reader.h"

namespace sconce {

/** The kernel `name` for the description that follows, or null when there is no kernel of that name. Throws ArgumentError. */
KernelPointer make_kernel(const std::string& name, Reader& description);

}  // namespace sconce
