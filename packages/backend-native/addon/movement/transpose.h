// Matrices of 4-byte elements, transposed: how channels change places with positions. Described by the number of
// matrices, their rows and their columns; buffers: the matrices, the transposed ones.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer transpose(Reader& reader);

}  // namespace sconce
