#include "../kept_copies.h"
#include "../product/panels.h"
#include "stages.h"

namespace sconce {
namespace {

class ProductStage final : public Stage {
 public:
  ProductStage(const DirectShape& shape, const PostOperations& post) : shape_(shape), post_(post), panels_(shape.inputs, shape.outputs), packed_(panels_.bytes()) {
    batch_ = shape.batch;
    input_height_ = height_ = shape.height;
    input_row_ = shape.width * shape.inputs;
    row_ = shape.width * shape.outputs;
    result_bytes_ = bytes_of(batch_ * height_ * row_);
    operand_bytes_ = {bytes_of(shape.inputs * shape.outputs)};
    for (const std::size_t bytes : post.bytes()) operand_bytes_.push_back(bytes);
    scratch_bytes_ = panels_.bytes();
  }

  StageOperands prepare(const Range* operands, void* scratch) const override {
    const void* weight = packed_.get(operands[0], scratch, [&](void* to) { panels_.pack_transposed(static_cast<const float*>(operands[0].pointer), static_cast<float*>(to)); });
    return {static_cast<const float*>(weight), result_steps(post_, operands + 1)};
  }

  std::size_t thread_bytes(std::int64_t) const override { return 0; }

  void compute(const StagePiece& piece) const override {
    const std::int64_t first = piece.rows.begin * shape_.width, count = piece.rows.count() * shape_.width;
    const float* const pixels = piece.from + first * shape_.inputs;
    const ResultChain chain = result_chain(piece.operands.steps);
    for (std::int64_t panel = 0; panel < panels_.count(); panel++) {
      PanelProduct product = panels_.product(piece.operands.weight, panel);
      product.rows = &pixels;
      product.row_apart = shape_.inputs;
      product.row_count = 1;
      product.last = count;
      product.depth = shape_.inputs;
      product.result = piece.to + first * shape_.outputs + product.column;
      product.result_step = product.place_step = shape_.outputs;
      product.chain = &chain;
      product.place = (piece.image * shape_.height * shape_.width + first) * shape_.outputs;
      product_table().multiply_lines(product);
    }
  }

 private:
  DirectShape shape_;
  PostOperations post_;
  Panels panels_;
  mutable KeptCopies packed_;
};

}  // namespace

bool suits_product_stage(const DirectShape& shape) { return is_product(shape) && suits_direct(shape) && shape.inputs <= kDepthAtOnce; }

StagePointer product_stage(const DirectShape& shape, const PostOperations& post) { return std::make_unique<ProductStage>(shape, post); }

}  // namespace sconce
