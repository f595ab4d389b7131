// Convolution of many channels, channels-last and in one group, and its gradient by the input where the stride is 1: a
// product of matrices whose rows are the pixels under a tap, read where they lie.
#pragma once

#include <cstdint>

#include "../dnnl/post_operations.h"
#include "../kernel.h"

namespace sconce {

struct DirectShape {
  std::int64_t batch, inputs, height, width, outputs, kernel_height, kernel_width;
  std::int64_t stride_down, stride_across, top, left, dilation_down, dilation_across, output_height, output_width;
};

/** Whether there are enough channels for it. */
bool suits_direct(const DirectShape& shape);
bool suits_direct_gradient(const DirectShape& shape);

/** Whether it is a product of the pixels and the weights as they lie: 1x1, without strides and padding. */
bool is_product(const DirectShape& shape);

/** (x, weight, operands of the post-operations...) to y, whose positions lie `distance` elements apart. */
KernelPointer direct_convolution(const DirectShape& shape, std::int64_t distance, const PostOperations& post);
/** (gradient of y, weight) to the gradient of x. */
KernelPointer direct_input_gradient(const DirectShape& shape);

}  // namespace sconce
