// What follows a matrix product or convolution before its result is stored: a chain of bias, scale, activation and
// residual steps, which run inside the primitive.
#pragma once

#include <algorithm>
#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "../reader.h"
#include "engine.h"

namespace sconce {

/** One step of the chain, on the value so far. */
struct PostOperation {
  /** Functions of one value, with the parameters alpha and beta, and operations with an operand; in the order that descriptions number them. */
  enum Kind { kRelu, kLinear, kClip, kTanh, kExp, kSquare, kFunctions, kAdd = kFunctions, kMultiply, kSubtract, kMaximum, kMinimum, kKinds };
  /** How an operand lines up with the result. */
  enum Shape { kElement, kRow, kColumn };

  Kind kind = kRelu;
  float alpha = 0;
  float beta = 0;
  Shape shape = kElement;
  std::size_t operand = 0;
};

class PostOperations {
 public:
  /**
   * Reads a length-prefixed chain of steps: a kind, and then alpha and beta for a function, or the operand's shape and its
   * number for an operation. `result` is the result's layout; `row` and `column` describe operands of one value per row or
   * column.
   */
  void read(Reader& reader, const dnnl::memory::desc& result, const dnnl::memory::desc& row, const dnnl::memory::desc& column) {
    steps_.resize(static_cast<std::size_t>(reader.integer(0, kMost)));
    for (PostOperation& step : steps_) {
      step.kind = static_cast<PostOperation::Kind>(reader.integer(0, PostOperation::kKinds - 1));
      if (step.kind < PostOperation::kFunctions) {
        step.alpha = static_cast<float>(reader.number());
        step.beta = static_cast<float>(reader.number());
        continue;
      }
      step.shape = static_cast<PostOperation::Shape>(reader.integer(0, 2));
      step.operand = static_cast<std::size_t>(reader.integer(0, kMost - 1));
      if (step.operand >= operands_.size()) operands_.resize(step.operand + 1);
      operands_[step.operand] = step.shape == PostOperation::kElement ? result : step.shape == PostOperation::kRow ? row : column;
    }
    for (const dnnl::memory::desc& operand : operands_) {
      if (operand.is_zero()) reader.fail("an operand is left out");
    }
  }

  const std::vector<PostOperation>& steps() const { return steps_; }

  /** Whether an operand has one value per element of the result. */
  bool has_elements() const {
    return std::any_of(steps_.begin(), steps_.end(), [](const PostOperation& step) { return step.kind >= PostOperation::kFunctions && step.shape == PostOperation::kElement; });
  }

  /** Bytes of each operand. */
  std::vector<std::size_t> bytes() const {
    std::vector<std::size_t> all;
    for (const dnnl::memory::desc& operand : operands_) all.push_back(operand.get_size());
    return all;
  }

  /** The chain for oneDNN, with scratch memory given by us. */
  dnnl::primitive_attr attributes() const {
    using dnnl::algorithm;
    static const algorithm algorithms[] = {algorithm::eltwise_relu, algorithm::eltwise_linear, algorithm::eltwise_clip,
                                           algorithm::eltwise_tanh, algorithm::eltwise_exp,    algorithm::eltwise_square,
                                           algorithm::binary_add,   algorithm::binary_mul,     algorithm::binary_sub,
                                           algorithm::binary_max,   algorithm::binary_min};
    dnnl::post_ops chain;
    for (const PostOperation& step : steps_) {
      if (step.kind < PostOperation::kFunctions) chain.append_eltwise(1.0f, algorithms[step.kind], step.alpha, step.beta);
      else chain.append_binary(algorithms[step.kind], operands_[step.operand]);
    }
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(chain);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
  }

  /** Adds the operands, found from `buffers` on, to a primitive's arguments. */
  void add(std::unordered_map<int, dnnl::memory>& arguments, const Range* buffers) const {
    for (std::size_t i = 0; i < steps_.size(); i++) {
      if (steps_[i].kind < PostOperation::kFunctions) continue;
      const std::size_t operand = steps_[i].operand;
      arguments.insert({DNNL_ARG_ATTR_MULTIPLE_POST_OP(static_cast<int>(i)) | DNNL_ARG_SRC_1, view(operands_[operand], buffers[operand].pointer)});
    }
  }

 private:
  static constexpr std::int64_t kMost = 32;

  std::vector<PostOperation> steps_;
  std::vector<dnnl::memory::desc> operands_;
};

}  // namespace sconce
