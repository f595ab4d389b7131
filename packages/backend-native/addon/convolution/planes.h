// Convolution of an image with few channels, row-major as programs are given it, to many channels, channels-last.
#pragma once

#include "direct.h"

namespace sconce {

bool suits_planes(const DirectShape& shape);

/** (x, weight, operands of the post-operations...) to y, whose positions lie `distance` elements apart. */
KernelPointer planes_convolution(const DirectShape& shape, std::int64_t distance, const PostOperations& post);

}  // namespace sconce
