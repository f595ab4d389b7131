// Maximum and average pools over one or two axes, and their gradients.
//
// Each is described by the numbers that read_pool_shape reads. Buffers: x and y (maxPool, averagePool); x, values and y
// (maxPoolSelect); x, dy and dx (maxPoolGradient); dy and dx (averagePoolGradient).
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer max_pool(Reader& reader);
KernelPointer max_pool_select(Reader& reader);
KernelPointer max_pool_gradient(Reader& reader);
KernelPointer average_pool(Reader& reader);
KernelPointer average_pool_gradient(Reader& reader);

}  // namespace sconce
