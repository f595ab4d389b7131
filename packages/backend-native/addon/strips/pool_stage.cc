#include "../pooling/pool_blocks.h"
#include "stages.h"

namespace sconce {
namespace {

class PoolStage final : public Stage {
 public:
  explicit PoolStage(const PoolShape& shape) : shape_(shape) {
    batch_ = shape.batch;
    input_height_ = shape.vertical.input;
    input_row_ = shape.horizontal.input * shape.channels;
    height_ = shape.vertical.output;
    row_ = shape.horizontal.output * shape.channels;
    result_bytes_ = bytes_of(shape.outputs());
    stride_ = shape.vertical.stride;
    window_ = (shape.vertical.kernel - 1) * shape.vertical.dilation + 1;
    top_ = shape.vertical.before;
  }

  StageOperands prepare(const Range*, void*) const override { return {}; }
  std::size_t thread_bytes(std::int64_t) const override { return 0; }

  void compute(const StagePiece& piece) const override {
    pool_table().maximum({&shape_, shape_.channels, shape_.channels, piece.rows.begin, piece.rows.end, 0, 0}, piece.from, piece.to);
  }

 private:
  PoolShape shape_;
};

}  // namespace

StagePointer pool_stage(const PoolShape& shape) { return std::make_unique<PoolStage>(shape); }

}  // namespace sconce
