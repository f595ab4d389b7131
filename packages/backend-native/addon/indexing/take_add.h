// The adjoint of reading slices at positions: zeros, with every slice of the updates added at its position.
//
// Described by outer, extent, count and inner: updates [outer, count, inner], int32 positions [count], the result
// [outer, extent, inner]. Positions outside the extent are left out. Buffers: updates, positions, result.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer take_add(Reader& reader);

}  // namespace sconce
