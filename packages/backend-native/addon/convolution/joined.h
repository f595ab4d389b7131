// Convolutions whose results are one array, each with some of its channels, so that nothing has to be joined afterwards.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

/**
 * (inputs of the first convolution, those of the second, ...) to the array. The description: how many there are, and for
 * each the channel where its own begin and its description as a convolution.
 */
KernelPointer joined_convolutions(Reader& reader);

}  // namespace sconce
