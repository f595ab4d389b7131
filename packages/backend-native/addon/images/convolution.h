// Convolution of few channels and its two gradients, on activations in the order of images.h. Stride and dilation 1, one group.
#pragma once

#include "../kernel.h"
#include "../reader.h"

namespace sconce {

// Each description: batch, input channels, height, width, output channels, kernel height and width, padding (top, left,
// bottom, right). The forward one goes on with whether there is a bias and whether results are rectified: max(y, 0).

/** (x, weight, perhaps the bias) to y. */
KernelPointer images_convolution(Reader& reader);
/** (gradient of y, weight) to the gradient of x. */
KernelPointer images_convolution_input_gradient(Reader& reader);
/** (x, gradient of y) to the gradient of the weight. */
KernelPointer images_convolution_weight_gradient(Reader& reader);

}  // namespace sconce
