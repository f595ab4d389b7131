// Arrays end to end along one axis. Described by the bytes of an element, the product of the extents before the axis,
// and for each input the product of its extents from the axis on; buffers: the inputs, the result.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer concatenate(Reader& reader);

}  // namespace sconce
