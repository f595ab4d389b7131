// A product of matrices whose rows are the output's pixels: a row of the kernel meets elements that lie beside each other
// in a plane, so it is one tap of a product, and its elements are the depth. The lines of the planes that some lines of the
// result need are copied into a small buffer with zeros around; there the pixels of a line lie evenly.
#include <cstring>

#include "../kept_copies.h"
#include "../product/panels.h"
#include "stages.h"

namespace sconce {
namespace {

/** Pixels of which the lines are copied at a time, about: they stay in the first-level cache. */
constexpr std::int64_t kPixels = 240;

class PlanesStage final : public Stage {
 public:
  PlanesStage(const DirectShape& shape, std::int64_t distance, const PostOperations& post)
      : shape_(shape), distance_(distance), post_(post), taps_(shape.inputs * shape.kernel_height), panels_(taps_ * shape.kernel_width, shape.outputs), packed_(panels_.bytes()) {
    batch_ = shape.batch;
    input_height_ = shape.height;
    input_row_ = shape.inputs * shape.width;
    height_ = shape.output_height;
    row_ = shape.output_width * distance;
    result_bytes_ = bytes_of((batch_ * height_ * shape.output_width - 1) * distance + shape.outputs);
    lines_ = std::clamp<std::int64_t>(kPixels / shape.output_width, 1, shape.output_height);
    buffer_lines_ = (lines_ - 1) * shape.stride_down + (shape.kernel_height - 1) * shape.dilation_down + 1;
    buffer_width_ = (shape.output_width - 1) * shape.stride_across + (shape.kernel_width - 1) * shape.dilation_across + 1;
    operand_bytes_ = {bytes_of(taps_ * shape.kernel_width * shape.outputs)};
    for (const std::size_t bytes : post.bytes()) operand_bytes_.push_back(bytes);
    scratch_bytes_ = panels_.bytes();
  }

  StageOperands prepare(const Range* operands, void* scratch) const override {
    const void* weight = packed_.get(operands[0], scratch, [&](void* to) { panels_.pack_transposed(static_cast<const float*>(operands[0].pointer), static_cast<float*>(to)); });
    return {static_cast<const float*>(weight), result_steps(post_, operands + 1)};
  }

  std::size_t thread_bytes(std::int64_t) const override { return buffer_bytes() + padded(static_cast<std::size_t>(taps_) * sizeof(float*)); }

  void compute(const StagePiece& piece) const override {
    float* const buffer = static_cast<float*>(piece.memory);
    const float** const places = reinterpret_cast<const float**>(static_cast<char*>(piece.memory) + buffer_bytes());
    const ResultChain chain = result_chain(piece.operands.steps);
    for (std::int64_t line = piece.rows.begin; line < piece.rows.end; line += lines_) {
      copy(piece.from, line * shape_.stride_down - shape_.top, buffer);
      for (std::int64_t down = 0; down < std::min(lines_, piece.rows.end - line); down++) {
        for (std::int64_t tap = 0; tap < taps_; tap++) {
          const std::int64_t from = tap / shape_.kernel_height * buffer_lines_ + tap % shape_.kernel_height * shape_.dilation_down + down * shape_.stride_down;
          places[tap] = buffer + from * buffer_width_;
        }
        multiply(piece, places, line + down, chain);
      }
    }
  }

 private:
  std::size_t buffer_bytes() const { return padded(bytes_of(shape_.inputs * buffer_lines_ * buffer_width_)); }

  /** Copies lines of all planes from line `first` on. */
  void copy(const float* planes, std::int64_t first, float* buffer) const {
    const std::int64_t before = std::min(shape_.left, buffer_width_), inside = std::min(shape_.width, buffer_width_ - before);
    for (std::int64_t channel = 0; channel < shape_.inputs; channel++) {
      for (std::int64_t line = first; line < first + buffer_lines_; line++, buffer += buffer_width_) {
        const bool is_inside = line >= 0 && line < shape_.height;
        const std::int64_t end = is_inside ? before + inside : 0;
        if (is_inside) {
          std::fill(buffer, buffer + before, 0.0f);
          std::memcpy(buffer + before, planes + (channel * shape_.height + line) * shape_.width, bytes_of(inside));
        }
        std::fill(buffer + end, buffer + buffer_width_, 0.0f);
      }
    }
  }

  /** A line of results. */
  void multiply(const StagePiece& piece, const float* const* places, std::int64_t line, const ResultChain& chain) const {
    for (std::int64_t panel = 0; panel < panels_.count(); panel++) {
      PanelProduct product = panels_.product(piece.operands.weight, panel);
      product.rows = places;
      product.row_count = 1;
      product.row_apart = shape_.stride_across;
      product.last = shape_.output_width;
      product.taps = taps_;
      product.step = shape_.dilation_across;
      product.depth = shape_.kernel_width;
      product.result = piece.to + line * row_ + product.column;
      product.result_step = distance_;
      product.chain = &chain;
      product.place = (piece.image * height_ + line) * shape_.output_width * shape_.outputs;
      product.place_step = shape_.outputs;
      product_table().multiply_lines(product);
    }
  }

  DirectShape shape_;
  std::int64_t distance_;  // of two positions of the result
  PostOperations post_;
  std::int64_t taps_;
  Panels panels_;
  std::int64_t lines_ = 1;  // of the result, whose lines of the planes are copied at a time
  std::int64_t buffer_lines_ = 0, buffer_width_ = 0;
  mutable KeptCopies packed_;
};

}  // namespace

bool suits_planes(const DirectShape& s) { return s.inputs < 8 && s.outputs >= 8 && s.inputs * s.kernel_height * s.kernel_width <= kDepthAtOnce; }

StagePointer planes_stage(const DirectShape& shape, std::int64_t distance, const PostOperations& post) { return std::make_unique<PlanesStage>(shape, distance, post); }

}  // namespace sconce
