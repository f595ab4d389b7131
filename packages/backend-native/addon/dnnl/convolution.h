// Convolution and its two gradients.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

// Each description: batch, input channels, height, width, output channels, kernel height and width, stride (2),
// padding (top, left, bottom, right), dilation (2), groups, then whether x is channels-last, whether y is, and whether
// operands are rounded to bfloat16.
// The forward one goes on with the distance of two positions of its result, more than the output channels where that is
// part of a larger channels-last array, and its post-operations; see PostOperations::read.

/** (x, weight, operands of the post-operations...) to y. */
KernelPointer convolution(Reader& reader);
/**
 * (x, operands of the first, operands of the second, ...) to y: convolutions and maximum pools of each other's results,
 * channels-last. The description: how many there are, and for each whether it is a pool, and its description; see
 * read_pool_shape.
 */
KernelPointer strips(Reader& reader);
/** (gradient of y, weight) to the gradient of x. */
KernelPointer convolution_input_gradient(Reader& reader);
/** (x, gradient of y) to the gradient of the weight. */
KernelPointer convolution_weight_gradient(Reader& reader);

}  // namespace sconce
