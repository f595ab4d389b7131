#include "steps_after.h"

#include <algorithm>
#include <cmath>

#include "../instruction_sets.h"
#include "../team.h"

namespace sconce {
namespace {

/** Of a pair with a NaN the result is NaN. */
float maximum(float a, float b) { return std::isnan(a) || a > b ? a : b; }
float minimum(float a, float b) { return std::isnan(a) || a < b ? a : b; }

float done(const PostOperation& step, float x, float operand) {
  switch (step.kind) {
    case PostOperation::kRelu: return step.alpha == 0 ? maximum(x, 0) : x > 0 ? x : x * step.alpha;
    case PostOperation::kLinear: return x * step.alpha + step.beta;
    case PostOperation::kClip: return minimum(maximum(x, step.alpha), step.beta);
    case PostOperation::kTanh: return std::tanh(x);
    case PostOperation::kExp: return std::exp(x);
    case PostOperation::kSquare: return x * x;
    case PostOperation::kAdd: return x + operand;
    case PostOperation::kMultiply: return x * operand;
    case PostOperation::kSubtract: return x - operand;
    case PostOperation::kMaximum: return std::isnan(operand) ? operand : maximum(x, operand);
    case PostOperation::kMinimum: return std::isnan(operand) ? operand : minimum(x, operand);
    case PostOperation::kKinds: break;
  }
  return x;
}

class StepsAfter final : public Kernel {
 public:
  StepsAfter(KernelPointer convolution, PostOperations post, std::int64_t rows, std::int64_t channels)
      : convolution_(std::move(convolution)), post_(std::move(post)), rows_(rows), channels_(channels) {
    bytes_ = convolution_->bytes();
    const std::vector<std::size_t> operands = post_.bytes();
    bytes_.insert(bytes_.end() - 1, operands.begin(), operands.end());
    inputs_ = bytes_.size() - 1;
    scratch_bytes_ = convolution_->scratch_bytes();
    calls_library_ = convolution_->calls_library();
  }

  void run(const Range* buffers, void* scratch) const override {
    const Range own[] = {buffers[0], buffers[1], buffers[inputs_]};
    convolution_->run(own, scratch);
    float* const y = static_cast<float*>(buffers[inputs_].pointer);
    for (const PostOperation& step : post_.steps()) {
      const bool is_function = step.kind < PostOperation::kFunctions;
      const float* operand = is_function ? y : static_cast<const float*>(buffers[2 + step.operand].pointer);
      const bool by_element = is_function || step.shape == PostOperation::kElement;
      parallel_for(rows_, rows_ * channels_ > 16384, [&](std::int64_t row) {
        float* const at = y + row * channels_;
        const float* const of = by_element ? operand + row * channels_ : operand;
        for (std::int64_t channel = 0; channel < channels_; channel++) at[channel] = done(step, at[channel], of[channel]);
      });
    }
  }

 private:
  KernelPointer convolution_;
  PostOperations post_;
  std::int64_t rows_, channels_;
};

}  // namespace

bool needs_steps_after(const PostOperations& post, const std::string& implementation) {
  return instruction_set() != InstructionSet::kAvx512 && post.has_elements() && implementation.find("x64:gemm") != std::string::npos;
}

KernelPointer with_steps_after(KernelPointer convolution, PostOperations post, std::int64_t rows, std::int64_t channels) {
  return std::make_shared<StepsAfter>(std::move(convolution), std::move(post), rows, channels);
}

}  // namespace sconce
