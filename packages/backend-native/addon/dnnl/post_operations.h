// What follows a matrix product or convolution before its result is stored: a chain of bias, scale, activation and
// residual steps that oneDNN runs inside the primitive.
#pragma once

#include <dnnl.hpp>
#include <vector>

#include "../reader.h"
#include "engine.h"

namespace sconce {

class PostOperations {
 public:
  /** How an operand lines up with the result. */
  enum class Shape { kElement = 0, kRow = 1, kColumn = 2 };

  /**
   * Reads a length-prefixed chain. Each step is
   *   0 algorithm alpha beta         an elementwise function of oneDNN (its number), or
   *   1 algorithm shape              a binary operation (its number) with the next operand: 0 element, 1 row, 2 column.
   * `result` is the result's layout; `row` and `column` are the descriptions of operands of one value per row or column.
   */
  void read(Reader& reader, const dnnl::memory::desc& result, const dnnl::memory::desc& row, const dnnl::memory::desc& column) {
    using dnnl::algorithm;
    static const algorithm functions[] = {algorithm::eltwise_relu, algorithm::eltwise_linear, algorithm::eltwise_clip, algorithm::eltwise_logistic,
                                          algorithm::eltwise_tanh, algorithm::eltwise_swish, algorithm::eltwise_gelu_erf, algorithm::eltwise_square,
                                          algorithm::eltwise_exp, algorithm::eltwise_hardswish};
    static const algorithm operations[] = {algorithm::binary_add, algorithm::binary_mul, algorithm::binary_sub, algorithm::binary_max, algorithm::binary_min};
    const std::int64_t steps = reader.integer(0, 32);
    for (std::int64_t i = 0; i < steps; i++) {
      if (reader.integer(0, 1) == 0) {
        const algorithm function = functions[reader.integer(0, 9)];
        const float alpha = static_cast<float>(reader.number());
        const float beta = static_cast<float>(reader.number());
        chain_.append_eltwise(1.0f, function, alpha, beta);
        continue;
      }
      const algorithm operation = operations[reader.integer(0, 4)];
      const Shape shape = static_cast<Shape>(reader.integer(0, 2));
      const dnnl::memory::desc desc = shape == Shape::kElement ? result : shape == Shape::kRow ? row : column;
      operands_.push_back({static_cast<int>(i), desc});
      chain_.append_binary(operation, desc);
    }
    attributes_.set_post_ops(chain_);
    attributes_.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }

  bool empty() const { return chain_.len() == 0; }
  const dnnl::primitive_attr& attributes() const { return attributes_; }
  /** Bytes of each operand, in order. */
  std::vector<std::size_t> bytes() const {
    std::vector<std::size_t> all;
    for (const Operand& operand : operands_) all.push_back(operand.desc.get_size());
    return all;
  }
  /** Adds the operands, found from `buffers` on, to a primitive's arguments. */
  void add(std::unordered_map<int, dnnl::memory>& arguments, const Range* buffers) const {
    for (std::size_t i = 0; i < operands_.size(); i++) {
      arguments.insert({DNNL_ARG_ATTR_MULTIPLE_POST_OP(operands_[i].step) | DNNL_ARG_SRC_1, view(operands_[i].desc, buffers[i].pointer)});
    }
  }

 private:
  struct Operand {
    int step;
    dnnl::memory::desc desc;
  };
  dnnl::post_ops chain_;
  dnnl::primitive_attr attributes_;
  std::vector<Operand> operands_;
};

}  // namespace sconce
