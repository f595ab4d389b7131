// What our own convolutions do to results before they are stored: a chain of post-operations over buffers.
#pragma once

#include <vector>

#include "../dnnl/post_operations.h"
#include "result_step.h"

namespace sconce {

/** Whether the chain can be done so: there are no operands of one value per position, and no slow functions. */
bool suits_result_steps(const PostOperations& post);

/** The chain on these operands. */
std::vector<ResultStep> result_steps(const PostOperations& post, const Range* operands);

}  // namespace sconce
