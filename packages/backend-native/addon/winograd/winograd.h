// Convolution with 3x3 kernels and its two gradients by minimal filtering: 36 products of matrices instead of 144
// multiplications per tile of 4x4 results. Channels-last, stride and dilation 1, one group.
#pragma once

#include <cstdint>

#include "../dnnl/post_operations.h"
#include "../kernel.h"

namespace sconce {

struct WinogradShape {
  std::int64_t batch, input_channels, height, width, output_channels, top, left, output_height, output_width;
};

/** Whether it is likely to be faster than the direct sums. */
bool suits_winograd(const WinogradShape& shape);

/** (x, weight, operands of the post-operations...) to y, whose positions lie `distance` elements apart. */
KernelPointer winograd(const WinogradShape& shape, std::int64_t distance, const PostOperations& post);
/** (gradient of y, weight) to the gradient of x. */
KernelPointer winograd_input_gradient(const WinogradShape& shape);
/** (x, gradient of y) to the gradient of the weight. */
KernelPointer winograd_weight_gradient(const WinogradShape& shape);

}  // namespace sconce
