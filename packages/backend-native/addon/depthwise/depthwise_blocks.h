// The arithmetic of depthwise convolution on channels-last data, compiled once per instruction set.
//
// Channels go by blocks, as many as a vector has lanes. The last block ends with the last channel, and may so share
// channels with the one before it: both compute the same.
//
// Taps are kept as [block][tap][lane], so that the taps of a block lie beside each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "../results/result_step.h"

namespace sconce {

struct DepthwiseShape {
  std::int64_t batch, channels, height, width;
  std::int64_t kernel_height, kernel_width, stride_height, stride_width, top, left, dilation_height, dilation_width;
  std::int64_t output_height, output_width;

  std::int64_t taps() const { return kernel_height * kernel_width; }
  std::int64_t inputs() const { return batch * height * width * channels; }
  std::int64_t outputs() const { return batch * output_height * output_width * channels; }
};

/** Channels that there must be, at least: the widest vector. */
constexpr std::int64_t kDepthwiseChannels = 16;

/** A part of the work: rows of an image, and blocks of channels. */
struct DepthwisePart {
  const DepthwiseShape* shape;
  std::int64_t first_row, last_row;
  std::int64_t first_block, last_block;
  /** As many zeros as there are channels, which stand for what is outside. */
  const float* zeros;
  /** A place for as many results, where they are not wanted. */
  float* unwanted;
  /** Memory for tables of positions. */
  void* tables;
};

struct DepthwiseTable {
  /** Channels of a block. */
  std::int64_t lanes;
  /** weight[channel][tap] to packed taps; turned around by half a circle, or not. */
  void (*pack)(const float* weight, const DepthwiseShape& shape, bool turned, float* packed);
  /** Rows of the output image `y` from the input image `x`. `all` is the first of all results. */
  void (*forward)(const DepthwisePart& part, const float* x, const float* taps, float* y, const float* all, const ResultChain& chain);
  /** Rows of the input's gradient. */
  void (*input_gradient)(const DepthwisePart& part, const float* dy, const float* taps, float* dx);
  /** Adds to `sums`, [block][tap][lane], what these rows of the output's gradient say. */
  void (*weight_gradient)(const DepthwisePart& part, const float* x, const float* dy, float* sums);
};

const DepthwiseTable& depthwise_table();

/** The channel that a block begins with. */
inline std::int64_t block_channel(const DepthwiseShape& shape, std::int64_t lanes, std::int64_t block) {
  return std::min(block * lanes, shape.channels - lanes);
}

inline std::int64_t block_count(const DepthwiseShape& shape, std::int64_t lanes) { return (shape.channels + lanes - 1) / lanes; }

}  // namespace sconce
