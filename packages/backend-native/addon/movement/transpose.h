// Matrices of float32 transposed: what copies between orders of activations are.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

/** Described by how many matrices there are, their rows and their columns. Buffers: the matrices, and the same transposed. */
KernelPointer transpose(Reader& reader);

}  // namespace sconce
