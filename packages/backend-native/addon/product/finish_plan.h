// A chain of post-operations as the kernels for products carry it out: what fits the usual form, value * scale + shift +
// addend and then a clip, is done in one go on registers, and what is left step by step.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "../dnnl/post_operations.h"
#include "product_blocks.h"

namespace sconce {

class FinishPlan {
 public:
  /** `by_column`: the shape of operands that have one value per column of the product. */
  FinishPlan(const PostOperations& post, PostOperation::Shape by_column) {
    enum Stage { kScale, kShift, kAddend, kClip, kSteps };
    Stage stage = kScale;
    for (const PostOperation& step : post.steps()) {
      const bool is_by_column = step.kind >= PostOperation::kFunctions && step.shape == by_column;
      const bool is_element = step.kind >= PostOperation::kFunctions && step.shape == PostOperation::kElement;
      if (step.kind == PostOperation::kMultiply && is_by_column && stage <= kScale) {
        scale_ = step.operand;
        stage = kShift;
      } else if (step.kind == PostOperation::kAdd && is_by_column && stage <= kShift) {
        shift_ = step.operand;
        stage = kAddend;
      } else if (step.kind == PostOperation::kAdd && is_element && stage <= kAddend) {
        addend_ = step.operand;
        stage = kClip;
      } else if (stage <= kClip && ((step.kind == PostOperation::kRelu && step.alpha == 0) || step.kind == PostOperation::kClip)) {
        const bool is_relu = step.kind == PostOperation::kRelu;
        finish_.clips = true;
        finish_.low = is_relu ? 0 : step.alpha;
        finish_.high = is_relu ? std::numeric_limits<float>::infinity() : step.beta;
        stage = kSteps;
      } else {
        rest_.push_back(step);
        stage = kSteps;
      }
    }
    is_needed_ = !post.steps().empty();
  }

  /** Whether every step is one that kernels for products can do. */
  static bool knows(const PostOperations& post, PostOperation::Shape by_column) {
    for (const PostOperation& step : post.steps()) {
      const bool is_function = step.kind < PostOperation::kFunctions;
      if (step.kind == PostOperation::kTanh || step.kind == PostOperation::kExp) return false;
      if (!is_function && step.shape != PostOperation::kElement && step.shape != by_column) return false;
    }
    return true;
  }

  /** Whether there is anything to do. */
  bool is_needed() const { return is_needed_; }

  /** The finish on these operands; `steps` is its memory. */
  Finish on(const Range* operands, std::vector<ResultStep>& steps) const {
    const auto at = [&](std::optional<std::size_t> operand) { return operand ? static_cast<const float*>(operands[*operand].pointer) : nullptr; };
    Finish finish = finish_;
    finish.scale = at(scale_);
    finish.shift = at(shift_);
    finish.addend = at(addend_);
    steps = steps_on(rest_, operands);
    finish.steps = steps.data();
    finish.count = steps.size();
    return finish;
  }

 private:
  static std::vector<ResultStep> steps_on(const std::vector<PostOperation>& chain, const Range* operands) {
    static const ResultStep::Kind kinds[] = {ResultStep::kRelu, ResultStep::kLinear, ResultStep::kClip,     ResultStep::kLinear,  ResultStep::kLinear, ResultStep::kSquare,
                                             ResultStep::kAdd,  ResultStep::kMultiply, ResultStep::kSubtract, ResultStep::kMaximum, ResultStep::kMinimum};
    std::vector<ResultStep> steps;
    for (const PostOperation& step : chain) {
      const bool is_function = step.kind < PostOperation::kFunctions;
      const float* operand = is_function ? nullptr : static_cast<const float*>(operands[step.operand].pointer);
      steps.push_back({kinds[step.kind], step.alpha, step.beta, operand, step.shape == PostOperation::kElement});
    }
    return steps;
  }

  Finish finish_;
  std::optional<std::size_t> scale_, shift_, addend_;
  std::vector<PostOperation> rest_;
  bool is_needed_ = false;
};

}  // namespace sconce
