// Sizes and windows of a pool over planes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../reader.h"

namespace sconce {

/** One axis of the windows. */
struct PoolAxis {
  std::int64_t input = 1;
  std::int64_t output = 1;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t before = 0;  // padding
  std::int64_t after = 0;
  std::int64_t dilation = 1;

  /** Where a window's first tap is; negative in the padding. */
  std::int64_t start(std::int64_t window) const { return window * stride - before; }
  /** The taps [first, last) of a window that lie inside the input. */
  std::int64_t first_tap(std::int64_t window) const {
    const std::int64_t at = start(window);
    return at >= 0 ? 0 : (dilation - 1 - at) / dilation;
  }
  std::int64_t last_tap(std::int64_t window) const {
    const std::int64_t room = input - 1 - start(window);
    return room < 0 ? 0 : std::min(kernel, room / dilation + 1);
  }
  /** The first window that may reach element `at`. */
  std::int64_t first_window(std::int64_t at) const {
    const std::int64_t reach = at + before - (kernel - 1) * dilation;
    return reach <= 0 ? 0 : std::min(output, (reach + stride - 1) / stride);
  }
  /** One past the last window that starts at or before element `at`. */
  std::int64_t last_window(std::int64_t at) const { return std::min(output, (at + before) / stride + 1); }
  /** What a mean along the axis divides by. */
  std::int64_t size(std::int64_t window, bool count_padding) const {
    const std::int64_t low = count_padding ? -before : 0;
    const std::int64_t high = count_padding ? input + after : input;
    return std::min(start(window) + kernel, high) - std::max(start(window), low);
  }
};

struct PoolShape {
  std::int64_t batch = 1;
  std::int64_t channels = 1;
  PoolAxis vertical, horizontal;
  bool channels_last = false;
  bool count_padding = true;  // of means only
  bool rectified = false;     // of the maximum's gradient only: nothing goes to maxima that are not positive

  std::int64_t inputs() const { return batch * channels * vertical.input * horizontal.input; }
  std::int64_t outputs() const { return batch * channels * vertical.output * horizontal.output; }
};

inline PoolAxis read_pool_axis(Reader& reader) {
  PoolAxis axis;
  axis.input = reader.integer(1, kLargestExtent);
  axis.output = reader.integer(1, kLargestExtent);
  axis.kernel = reader.integer(1, kLargestExtent);
  axis.stride = reader.integer(1, kLargestExtent);
  axis.before = reader.integer(0, kLargestExtent);
  axis.after = reader.integer(0, kLargestExtent);
  axis.dilation = reader.integer(1, kLargestExtent);
  return axis;
}

/** batch, channels, both axes, whether channels lie last, whether padding counts, whether the gradient is rectified. */
inline PoolShape read_pool_shape(Reader& reader) {
  PoolShape shape;
  shape.batch = reader.integer(1, kLargestExtent);
  shape.channels = reader.integer(1, kLargestExtent);
  shape.vertical = read_pool_axis(reader);
  shape.horizontal = read_pool_axis(reader);
  shape.channels_last = reader.integer(0, 1) == 1;
  shape.count_padding = reader.integer(0, 1) == 1;
  shape.rectified = reader.integer(0, 1) == 1;
  std::int64_t total = 1;
  for (const std::int64_t extent : {shape.batch, shape.channels, std::max(shape.vertical.input, shape.vertical.output), std::max(shape.horizontal.input, shape.horizontal.output)}) {
    if (__builtin_mul_overflow(total, extent, &total) || total > (std::int64_t{1} << 48)) reader.fail("it has too many elements");
  }
  return shape;
}

}  // namespace sconce
