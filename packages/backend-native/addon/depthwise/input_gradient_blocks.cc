// With a stride of 1 the input's gradient is a convolution with the kernel turned around, and computed as such. With a
// stride of 2 a square of 2 x 2 elements of the input is reached by the same gradients, each through taps of its own:
// several squares of a row are kept in registers for one block of channels at a time.
#include <array>

#include "parts.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** Squares that are computed together, at most. */
constexpr int kSquares = kTileColumns > 4 ? 4 : 2;

struct Tile {
  const DepthwisePart* part;
  const float* taps;
  /** Positions of the output, and of the input: rows of tables, so many pointers long. */
  const float* const* gradients;
  std::int64_t gradients_row;
  float* const* results;
  std::int64_t results_row;
};

/** Rows or columns of gradients that reach a square, if the first tap of a window lies `shift` elements behind its beginning. */
constexpr int reach(int extent, int stride, int shift) { return (extent + shift - 1) / stride + 1; }

template <class Kernel, int kShift, int kCount>
void compute(const Tile& tile) {
  constexpr int kStride = Kernel::kStride, kDown = reach(Kernel::kHeight, kStride, kShift), kAcross = reach(Kernel::kWidth, kStride, kShift);
  constexpr int kColumns = kCount * kStride;
  for (std::int64_t block = tile.part->first_block; block < tile.part->last_block; block++) {
    const std::int64_t channel = block_channel(*tile.part->shape, kFloatLanes, block);
    const float* taps = tile.taps + block * Kernel::kTaps * kFloatLanes;
    Floats sums[kStride][kColumns] = {};
    unrolled<kDown>([&](auto y) SCONCE_UNROLLED {
      unrolled<kCount + kAcross - 1>([&](auto x) SCONCE_UNROLLED {
        const Floats gradient = load(tile.gradients[y * tile.gradients_row + x] + channel);
        unrolled<kStride>([&](auto r) SCONCE_UNROLLED {
          unrolled<kColumns>([&](auto c) SCONCE_UNROLLED {
            constexpr int i = r + kStride * (kDown - 1 - y) - kShift, j = c - kStride * (x - kAcross + 1) - kShift;
            if constexpr (i >= 0 && i < Kernel::kHeight && j >= 0 && j < Kernel::kWidth) {
              sums[r][c] += gradient * load(taps + (i * Kernel::kWidth + j) * kFloatLanes);
            }
          });
        });
      });
    });
    unrolled<kStride>([&](auto r) SCONCE_UNROLLED {
      unrolled<kColumns>([&](auto c) SCONCE_UNROLLED { store(tile.results[r * tile.results_row + c] + channel, sums[r][c]); });
    });
  }
}

using Compute = void (*)(const Tile&);

template <class Kernel, int kShift, int... kIndices>
constexpr std::array<Compute, kSquares> by_count(std::integer_sequence<int, kIndices...>) {
  return {compute<Kernel, kShift, kIndices + 1>...};
}

template <class Kernel, int kShift>
void squares(const DepthwisePart& part, const float* dy, const float* taps, float* dx) {
  static constexpr std::array<Compute, kSquares> computes = by_count<Kernel, kShift>(std::make_integer_sequence<int, kSquares>());
  constexpr int kStride = Kernel::kStride, kDown = reach(Kernel::kHeight, kStride, kShift), kAcross = reach(Kernel::kWidth, kStride, kShift);
  const DepthwiseShape& shape = *part.shape;
  // Squares begin with an even element, so that few of them stick out.
  const std::int64_t top = shape.top + kShift, left = shape.left + kShift;
  const std::int64_t first_column = left / kStride, last_column = (shape.width - 1 + left) / kStride + 1, count = last_column - first_column;
  const std::int64_t gradients_row = count + kAcross - 1, results_row = count * kStride;
  const float** gradients = static_cast<const float**>(part.tables);
  float** results = const_cast<float**>(gradients) + kDown * gradients_row;
  for (std::int64_t square = (part.first_row + top) / kStride; square <= (part.last_row - 1 + top) / kStride; square++) {
    table_of<const float>(dy, shape.output_height, shape.output_width, shape.channels, square - kDown + 1, first_column - kAcross + 1, kDown, gradients_row, part.zeros, gradients);
    for (std::int64_t r = 0; r < kStride; r++) {
      const std::int64_t row = square * kStride - top + r;
      const bool has_row = row >= part.first_row && row < part.last_row;
      table_of<float>(dx + row * shape.width * shape.channels, has_row ? 1 : 0, shape.width, shape.channels, 0, first_column * kStride - left, 1, results_row,
                      part.unwanted, results + r * results_row);
    }
    each_tile(count, kSquares, [&](std::int64_t first, std::int64_t size) {
      computes[size - 1]({&part, taps, gradients + first, gradients_row, results + first * kStride, results_row});
    });
  }
}

}  // namespace

void input_gradient(const DepthwisePart& part, const float* dy, const float* taps, float* dx) {
  const bool is_even = part.shape->top % 2 == 0 && part.shape->left % 2 == 0, is_odd = part.shape->top % 2 != 0 && part.shape->left % 2 != 0;
  if (is_odd && Window<3, 3, 2>::is(*part.shape)) squares<Window<3, 3, 2>, 1>(part, dy, taps, dx);
  else if (is_even && Window<3, 3, 2>::is(*part.shape)) squares<Window<3, 3, 2>, 0>(part, dy, taps, dx);
  else if (is_even && Window<5, 5, 2>::is(*part.shape)) squares<Window<5, 5, 2>, 0>(part, dy, taps, dx);
  else any_input_gradient(part, dy, taps, dx);
}

}  // namespace SCONCE_ISA
}  // namespace sconce
