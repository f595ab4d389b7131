// What a thread needs for a part of a depthwise convolution, in memory of its own.
#pragma once

#include "depthwise_blocks.h"

namespace sconce {

inline std::size_t packed_taps_bytes(const DepthwiseShape& shape) {
  const std::int64_t lanes = depthwise_table().lanes;
  return static_cast<std::size_t>(block_count(shape, lanes) * lanes * shape.taps()) * sizeof(float);
}

class PartMemory {
 public:
  /** In `memory`, of as many bytes as bytes() says. */
  PartMemory(const DepthwiseShape& shape, void* memory) : channels_(shape.channels), zeros_(static_cast<float*>(memory)) {
    std::fill(zeros_, zeros_ + channels_, 0.0f);
  }

  static std::size_t bytes(const DepthwiseShape& shape) {
    // Positions that two rows of results meet, or pairs of elements for the taps or columns of one.
    const std::int64_t columns = shape.stride_width * shape.output_width + shape.kernel_width + shape.width;
    const std::int64_t pointers = shape.stride_width <= 2 && shape.kernel_height <= 5 && shape.kernel_width <= 5 ? (shape.kernel_height + 6) * columns : 0;
    const std::int64_t pairs = 2 * std::max(shape.taps(), shape.output_width);
    return static_cast<std::size_t>(2 * shape.channels) * sizeof(float) + static_cast<std::size_t>(std::max(pointers, pairs)) * sizeof(void*);
  }

  DepthwisePart part(const DepthwiseShape& shape, std::int64_t first_row, std::int64_t last_row, std::int64_t first_block, std::int64_t last_block) const {
    return {&shape, first_row, last_row, first_block, last_block, zeros_, zeros_ + channels_, zeros_ + 2 * channels_};
  }

 private:
  std::int64_t channels_;
  float* zeros_;
};

}  // namespace sconce
