#include "result_steps.h"

#include <limits>

namespace sconce {

bool suits_result_steps(const PostOperations& post) {
  for (const PostOperation& step : post.steps()) {
    const bool is_function = step.kind < PostOperation::kFunctions;
    if (step.kind == PostOperation::kTanh || step.kind == PostOperation::kExp || (!is_function && step.shape == PostOperation::kColumn)) return false;
  }
  return true;
}

std::vector<ResultStep> result_steps(const PostOperations& post, const Range* operands) {
  static const ResultStep::Kind kinds[] = {ResultStep::kRelu, ResultStep::kLinear, ResultStep::kClip,     ResultStep::kLinear,  ResultStep::kLinear, ResultStep::kSquare,
                                           ResultStep::kAdd,  ResultStep::kMultiply, ResultStep::kSubtract, ResultStep::kMaximum, ResultStep::kMinimum};
  std::vector<ResultStep> steps;
  for (const PostOperation& step : post.steps()) {
    const bool is_function = step.kind < PostOperation::kFunctions;
    const float* operand = is_function ? nullptr : static_cast<const float*>(operands[step.operand].pointer);
    // Without a slope, so that minus infinity becomes 0 and not infinity times 0.
    const bool is_floor = step.kind == PostOperation::kRelu && step.alpha == 0;
    if (is_floor) steps.push_back({ResultStep::kClip, 0, std::numeric_limits<float>::infinity(), nullptr, false});
    else steps.push_back({kinds[step.kind], step.alpha, step.beta, operand, !is_function && step.shape == PostOperation::kElement});
  }
  return steps;
}

}  // namespace sconce
