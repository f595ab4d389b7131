// Softmax and its logarithm along the last axis. Described by the number of rows and their length; buffers: x, y.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer softmax(Reader& reader);
KernelPointer log_softmax(Reader& reader);

}  // namespace sconce
