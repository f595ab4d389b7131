#include "../depthwise/part_memory.h"
#include "../kept_copies.h"
#include "stages.h"

namespace sconce {
namespace {

class DepthwiseStage final : public Stage {
 public:
  DepthwiseStage(const DepthwiseShape& shape, const PostOperations& post) : shape_(shape), post_(post), taps_(packed_taps_bytes(shape)) {
    batch_ = shape.batch;
    input_height_ = shape.height;
    input_row_ = shape.width * shape.channels;
    height_ = shape.output_height;
    row_ = shape.output_width * shape.channels;
    result_bytes_ = bytes_of(shape.outputs());
    stride_ = shape.stride_height;
    window_ = (shape.kernel_height - 1) * shape.dilation_height + 1;
    top_ = shape.top;
    operand_bytes_ = {bytes_of(shape.channels * shape.taps())};
    for (const std::size_t bytes : post.bytes()) operand_bytes_.push_back(bytes);
    scratch_bytes_ = packed_taps_bytes(shape);
  }

  StageOperands prepare(const Range* operands, void* scratch) const override {
    const void* taps = taps_.get(operands[0], scratch, [&](void* to) {
      depthwise_table().pack(static_cast<const float*>(operands[0].pointer), shape_, false, static_cast<float*>(to));
    });
    return {static_cast<const float*>(taps), result_steps(post_, operands + 1)};
  }

  std::size_t thread_bytes(std::int64_t) const override { return padded(PartMemory::bytes(shape_)); }

  void compute(const StagePiece& piece) const override {
    const PartMemory memory(shape_, piece.memory);
    const DepthwisePart part = memory.part(shape_, piece.rows.begin, piece.rows.end, 0, block_count(shape_, depthwise_table().lanes));
    depthwise_table().forward(part, piece.from, piece.operands.weight, piece.to, piece.to - piece.image * height_ * row_, result_chain(piece.operands.steps));
  }

 private:
  DepthwiseShape shape_;
  PostOperations post_;
  mutable KeptCopies taps_;
};

}  // namespace

StagePointer depthwise_stage(const DepthwiseShape& shape, const PostOperations& post) { return std::make_unique<DepthwiseStage>(shape, post); }

}  // namespace sconce
