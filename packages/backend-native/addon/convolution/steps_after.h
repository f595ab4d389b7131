// The steps on a convolution's result, done once it is there. They are slower so than inside oneDNN's primitive. But below
// AVX-512 that reads operands of every element at wrong places, channels-last, where the channels of a group fill no
// vector (x64:gemm:jit of version 2.6; seen with SSE4.1, and in groups with AVX2).
#pragma once

#include <string>

#include "../dnnl/post_operations.h"
#include "../kernel.h"

namespace sconce {

/** Whether oneDNN cannot be trusted with these steps of a channels-last convolution that it does as `implementation`. */
bool needs_steps_after(const PostOperations& post, const std::string& implementation);

/** (x, weight, operands of the steps...) to what `convolution`, which has none, makes of the first two, with the steps done. */
KernelPointer with_steps_after(KernelPointer convolution, PostOperations post, std::int64_t rows, std::int64_t channels);

}  // namespace sconce
