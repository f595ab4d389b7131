// The arithmetic of convolution where images lie side by side, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

/** A convolution with stride and dilation 1; `blocks` are groups of images that lie side by side. */
struct ImagesShape {
  std::int64_t blocks, inputs, height, width, outputs, kernel_height, kernel_width, top, left, output_height, output_width;
};

/** Rows of results of some output channels, in one block. */
struct ImagesRows {
  const ImagesShape* shape;
  /** Row 0 of the first input plane, whose rows begin and end with their padding; floats to the next row and plane. */
  const float* x;
  std::int64_t x_row, x_plane;
  /** [input][kernel row][kernel column][output]. */
  const float* weights;
  /** One value per output channel to begin the sums with, or null. */
  const float* bias;
  bool rectified;
  /** Row 0 of the first output plane. */
  float* y;
  std::int64_t outputs;
  std::int64_t begin, end;
};

/** Gradients of the weights between one input channel and some output channels. */
struct ImagesTaps {
  const ImagesShape* shape;
  /** As in ImagesRows, of the one input channel. */
  const float* x;
  std::int64_t x_row;
  /** The gradients of the first output's plane. */
  const float* dy;
  std::int64_t outputs;
  /** To add to: [output][kernel row][kernel column][image]. */
  float* sums;
};

struct ImagesTable {
  /** Output channels that `rows` and `taps` take at most. */
  std::int64_t most_of_rows, most_of_taps;
  void (*rows)(const ImagesRows& rows);
  void (*taps)(const ImagesTaps& taps);
};

const ImagesTable& images_table();

}  // namespace sconce
