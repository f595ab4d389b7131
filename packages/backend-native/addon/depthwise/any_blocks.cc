// Kernels, strides and dilations of any size: for each result a list of the elements and taps that meet there is made
// once, and summed for four blocks of channels at a time.
#include "finish.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** Two vectors of each block that are multiplied: an element of an image, and one of another or a tap. */
struct Pair {
  const float* element;
  const float* other;
};

/** Along an axis, the elements of the input that taps of a window meet, or that an element meets through taps. */
struct Axis {
  std::int64_t input, output, kernel, stride, before, dilation;

  /** Where tap `tap` of window `window` lies in the input; outside of it, -1. */
  std::int64_t element(std::int64_t window, std::int64_t tap) const {
    const std::int64_t at = window * stride - before + tap * dilation;
    return at >= 0 && at < input ? at : -1;
  }
  /** The window whose tap `tap` lies on element `at`; where there is none, -1. */
  std::int64_t window(std::int64_t at, std::int64_t tap) const {
    const std::int64_t start = at + before - tap * dilation;
    return start >= 0 && start % stride == 0 && start / stride < output ? start / stride : -1;
  }
};

Axis vertical(const DepthwiseShape& s) { return {s.height, s.output_height, s.kernel_height, s.stride_height, s.top, s.dilation_height}; }
Axis horizontal(const DepthwiseShape& s) { return {s.width, s.output_width, s.kernel_width, s.stride_width, s.left, s.dilation_width}; }

/** sums[i] of the products of the pairs, for kBlocks blocks of channels; `other_block` is the distance of the others' blocks. */
template <int kBlocks>
SCONCE_UNROLLED inline void sum(const Pair* pairs, std::int64_t count, const std::int64_t (&channels)[kBlocks], const std::int64_t (&others)[kBlocks], Floats (&sums)[kBlocks]) {
  unrolled<kBlocks>([&](auto i) SCONCE_UNROLLED { sums[i] = Floats{}; });
  for (std::int64_t p = 0; p < count; p++) {
    const Pair pair = pairs[p];
    unrolled<kBlocks>([&](auto i) SCONCE_UNROLLED { sums[i] += load(pair.element + channels[i]) * load(pair.other + others[i]); });
  }
}

/** Calls body(block, constant number of blocks) for the part's blocks. */
template <class F>
void each_blocks(const DepthwisePart& part, const F& body) {
  std::int64_t block = part.first_block;
  for (; block + 4 <= part.last_block; block += 4) body(block, std::integral_constant<int, 4>());
  for (; block < part.last_block; block++) body(block, std::integral_constant<int, 1>());
}

/** Results at one position: the sums of elements times taps. */
void result(const DepthwisePart& part, const Pair* pairs, std::int64_t count, float* to, std::int64_t at, const ResultChain& chain) {
  const DepthwiseShape& shape = *part.shape;
  each_blocks(part, [&](std::int64_t block, auto blocks) {
    std::int64_t channels[blocks], others[blocks];
    for (std::int64_t i = 0; i < blocks; i++) {
      channels[i] = block_channel(shape, kFloatLanes, block + i);
      others[i] = (block + i) * shape.taps() * kFloatLanes;
    }
    Floats sums[blocks];
    sum(pairs, count, channels, others, sums);
    unrolled<blocks>([&](auto i) SCONCE_UNROLLED {
      Floats values[1][1] = {{sums[i]}};
      finish(chain, values, to + channels[i], 0, 0, at + channels[i], channels[i]);
    });
  });
}

}  // namespace

void any_forward(const DepthwisePart& part, const float* x, const float* taps, float* y, const float* all, const ResultChain& chain) {
  const DepthwiseShape& shape = *part.shape;
  const Axis down = vertical(shape), across = horizontal(shape);
  Pair* pairs = static_cast<Pair*>(part.tables);
  for (std::int64_t row = part.first_row; row < part.last_row; row++) {
    for (std::int64_t column = 0; column < shape.output_width; column++) {
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < shape.kernel_height; i++) {
        const std::int64_t from = down.element(row, i);
        for (std::int64_t j = 0; from >= 0 && j < shape.kernel_width; j++) {
          const std::int64_t at = across.element(column, j);
          if (at >= 0) pairs[count++] = {x + (from * shape.width + at) * shape.channels, taps + (i * shape.kernel_width + j) * kFloatLanes};
        }
      }
      float* to = y + (row * shape.output_width + column) * shape.channels;
      result(part, pairs, count, to, to - all, chain);
    }
  }
}

void any_input_gradient(const DepthwisePart& part, const float* dy, const float* taps, float* dx) {
  const DepthwiseShape& shape = *part.shape;
  const Axis down = vertical(shape), across = horizontal(shape);
  Pair* pairs = static_cast<Pair*>(part.tables);
  for (std::int64_t row = part.first_row; row < part.last_row; row++) {
    for (std::int64_t column = 0; column < shape.width; column++) {
      std::int64_t count = 0;
      for (std::int64_t i = 0; i < shape.kernel_height; i++) {
        const std::int64_t from = down.window(row, i);
        for (std::int64_t j = 0; from >= 0 && j < shape.kernel_width; j++) {
          const std::int64_t at = across.window(column, j);
          if (at >= 0) pairs[count++] = {dy + (from * shape.output_width + at) * shape.channels, taps + (i * shape.kernel_width + j) * kFloatLanes};
        }
      }
      result(part, pairs, count, dx + (row * shape.width + column) * shape.channels, 0, ResultChain());
    }
  }
}

void any_weight_gradient(const DepthwisePart& part, const float* x, const float* dy, float* sums) {
  const DepthwiseShape& shape = *part.shape;
  const Axis down = vertical(shape), across = horizontal(shape);
  Pair* pairs = static_cast<Pair*>(part.tables);
  for (std::int64_t row = part.first_row; row < part.last_row; row++) {
    for (std::int64_t tap = 0; tap < shape.taps(); tap++) {
      const std::int64_t from = down.element(row, tap / shape.kernel_width);
      std::int64_t count = 0;
      for (std::int64_t column = 0; from >= 0 && column < shape.output_width; column++) {
        const std::int64_t at = across.element(column, tap % shape.kernel_width);
        if (at >= 0) pairs[count++] = {x + (from * shape.width + at) * shape.channels, dy + (row * shape.output_width + column) * shape.channels};
      }
      each_blocks(part, [&](std::int64_t block, auto blocks) {
        std::int64_t channels[blocks];
        for (std::int64_t i = 0; i < blocks; i++) channels[i] = block_channel(shape, kFloatLanes, block + i);
        Floats values[blocks];
        sum(pairs, count, channels, channels, values);
        unrolled<blocks>([&](auto i) SCONCE_UNROLLED {
          float* to = sums + ((block + i) * shape.taps() + tap) * kFloatLanes;
          store(to, load(to) + values[i]);
        });
      });
    }
  }
}

}  // namespace SCONCE_ISA
}  // namespace sconce
