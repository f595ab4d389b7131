// A 1x1 convolution to many channels and the depthwise convolution of its result, channels-last, as one: "expansion" and
// "depthwise" of an inverted residual block (Sandler et al., "MobileNetV2", 2018).
#pragma once

#include "../depthwise/depthwise_blocks.h"
#include "../dnnl/post_operations.h"
#include "direct.h"

namespace sconce {

/** Whether the second follows upon the first, and both are small enough in what stays in the caches. */
bool suits_expanded(const DirectShape& first, const PostOperations& first_post, const DepthwiseShape& second);

/** (x, weight, operands, weight of the second, its operands) to y. */
KernelPointer expanded_depthwise(const DirectShape& first, const PostOperations& first_post, const DepthwiseShape& second, const PostOperations& second_post);

}  // namespace sconce
