// What our own convolutions and products do to results before they are stored: a chain of post-operations over buffers.
#pragma once

#include <vector>

#include "../dnnl/post_operations.h"
#include "result_step.h"

namespace sconce {

/** Whether the chain can be done so: without slow functions, and with operands of one value per result or of the shape `by_channel`. */
bool suits_result_steps(const PostOperations& post, PostOperation::Shape by_channel);

/** The chain on these operands. */
std::vector<ResultStep> result_steps(const PostOperations& post, const Range* operands);

/** The beginning of the chain in its usual form, and the rest, which stays where it is. */
ResultChain result_chain(const std::vector<ResultStep>& steps);

}  // namespace sconce
