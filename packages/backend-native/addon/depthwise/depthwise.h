// Depthwise convolution, where each channel has a kernel of its own, and its two gradients. Channels-last, float32; any
// kernel, stride, padding and dilation, the customary kernels being fast.
#pragma once

#include "../dnnl/post_operations.h"
#include "../kernel.h"
#include "depthwise_blocks.h"

namespace sconce {

/** (x, weight, operands of the post-operations...) to y. */
KernelPointer depthwise(const DepthwiseShape& shape, const PostOperations& post);
/** (gradient of y, weight) to the gradient of x. */
KernelPointer depthwise_input_gradient(const DepthwiseShape& shape);
/** (x, gradient of y) to the gradient of the weight. */
KernelPointer depthwise_weight_gradient(const DepthwiseShape& shape);

}  // namespace sconce
