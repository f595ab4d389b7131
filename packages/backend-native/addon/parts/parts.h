// Kernels that follow each other, done part by part: all of them on a few parts, then on the next few. What one of them
// read or wrote is still in the caches when the next one reads it, while whole arrays would have left them. A batch norm
// and its gradients read their inputs once, channel by channel, and not two or three times.
//
// Described by the number of parts, how many are done at once, how many inputs and outputs there are, and how many kernels;
// for each of these, 0 and the loop that it is parted along and its buffers and the nest, or 1 and its buffers and moments,
// each description after its length. Part by part, a kernel reads of others' results only what they made of the same part.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

KernelPointer parts(Reader& reader);

}  // namespace sconce
