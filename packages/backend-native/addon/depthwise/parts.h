// What the files of depthwise convolution share, within an instruction set.
#pragma once

#include "../results/step_vectors.h"
#include "depthwise_blocks.h"
#include "unrolled.h"

namespace sconce {
namespace SCONCE_ISA {

void forward(const DepthwisePart& part, const float* x, const float* taps, float* y, const float* all, const ResultChain& chain);
void input_gradient(const DepthwisePart& part, const float* dy, const float* taps, float* dx);
void weight_gradient(const DepthwisePart& part, const float* x, const float* dy, float* sums);

// For kernels, strides and dilations that have no code of their own.
void any_forward(const DepthwisePart& part, const float* x, const float* taps, float* y, const float* all, const ResultChain& chain);
void any_input_gradient(const DepthwisePart& part, const float* dy, const float* taps, float* dx);
void any_weight_gradient(const DepthwisePart& part, const float* x, const float* dy, float* sums);

namespace {

/** A kernel's size and stride, known to the compiler. */
template <int kHeightOf, int kWidthOf, int kStrideOf>
struct Window {
  static constexpr int kHeight = kHeightOf, kWidth = kWidthOf, kStride = kStrideOf, kTaps = kHeight * kWidth;
  /** Rows of results that are computed together: two share rows of the input, where their sums fit into registers beside the taps. */
  static constexpr int kRows = kTaps <= 9 ? 2 : 1;

  static bool is(const DepthwiseShape& shape) {
    return shape.kernel_height == kHeight && shape.kernel_width == kWidth && shape.stride_height == kStride && shape.stride_width == kStride &&
           shape.dilation_height == 1 && shape.dilation_width == 1;
  }
};

/** Results of a row that are computed together, at most; few where sanitizers make the many sizes take minutes to compile. */
#if defined(__SANITIZE_ADDRESS__)
constexpr int kTileColumns = 2;
#else
constexpr int kTileColumns = kFloatLanes == 16 ? 7 : 4;
#endif

/** Cuts [0, count) into tiles of about equal size; body(first, size). */
template <class F>
void each_tile(std::int64_t count, std::int64_t most, const F& body) {
  const std::int64_t tiles = (count + most - 1) / most;
  std::int64_t first = 0;
  for (std::int64_t tile = 0; tile < tiles; tile++) {
    const std::int64_t last = count * (tile + 1) / tiles;
    body(first, last - first);
    first = last;
  }
}

/** Pointers to positions of a channels-last image, [rows][columns] from (row, column) on; `outside` where there are none. */
template <class Float>
void table_of(Float* image, std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t row, std::int64_t column, std::int64_t rows,
              std::int64_t columns, Float* outside, Float** table) {
  for (std::int64_t y = row; y < row + rows; y++) {
    const bool has_row = y >= 0 && y < height;
    for (std::int64_t x = column; x < column + columns; x++) *table++ = has_row && x >= 0 && x < width ? image + (y * width + x) * channels : outside;
  }
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
