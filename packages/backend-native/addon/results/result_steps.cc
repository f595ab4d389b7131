#include "result_steps.h"

#include <limits>

namespace sconce {

bool suits_result_steps(const PostOperations& post, PostOperation::Shape by_channel) {
  for (const PostOperation& step : post.steps()) {
    const bool is_function = step.kind < PostOperation::kFunctions;
    if (step.kind == PostOperation::kTanh || step.kind == PostOperation::kExp) return false;
    if (!is_function && step.shape != PostOperation::kElement && step.shape != by_channel) return false;
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

ResultChain result_chain(const std::vector<ResultStep>& steps) {
  ResultChain chain;
  std::size_t done = 0;
  const auto next_is = [&](ResultStep::Kind kind, bool elements) { return done < steps.size() && steps[done].kind == kind && steps[done].elements == elements; };
  if (next_is(ResultStep::kMultiply, false)) chain.scale = steps[done++].operand;
  if (next_is(ResultStep::kAdd, false)) chain.shift = steps[done++].operand;
  if (next_is(ResultStep::kAdd, true)) chain.addend = steps[done++].operand;
  if (next_is(ResultStep::kClip, false)) {
    chain.has_limits = true;
    chain.low = steps[done].alpha;
    chain.high = steps[done++].beta;
  }
  chain.others = steps.data() + done;
  chain.count = steps.size() - done;
  return chain;
}

}  // namespace sconce
