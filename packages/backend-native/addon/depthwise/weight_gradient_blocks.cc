// The sums of all taps are kept in registers for one block of channels while a few rows and columns of the output's
// gradient go by: each element of the input is loaded once for all taps that it meets there.
#include <array>

#include "parts.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

struct Tile {
  const DepthwisePart* part;
  /** Positions of the input: rows of a table, `table_row` pointers long. */
  const float* const* table;
  std::int64_t table_row;
  const float* gradient;
  float* sums;
};

template <class Kernel, int kRows, int kColumns>
void compute(const Tile& tile) {
  const DepthwiseShape& shape = *tile.part->shape;
  const std::int64_t gradient_row = shape.output_width * shape.channels;
  for (std::int64_t block = tile.part->first_block; block < tile.part->last_block; block++) {
    const std::int64_t channel = block_channel(shape, kFloatLanes, block);
    const float* gradient = tile.gradient + channel;
    Floats sums[Kernel::kTaps] = {};
    unrolled<(kRows - 1) * Kernel::kStride + Kernel::kHeight>([&](auto y) SCONCE_UNROLLED {
      unrolled<(kColumns - 1) * Kernel::kStride + Kernel::kWidth>([&](auto x) SCONCE_UNROLLED {
        const Floats element = load(tile.table[y * tile.table_row + x] + channel);
        unrolled<kRows>([&](auto r) SCONCE_UNROLLED {
          unrolled<kColumns>([&](auto c) SCONCE_UNROLLED {
            constexpr int i = y - r * Kernel::kStride, j = x - c * Kernel::kStride;
            if constexpr (i >= 0 && i < Kernel::kHeight && j >= 0 && j < Kernel::kWidth) {
              sums[i * Kernel::kWidth + j] += element * load(gradient + r * gradient_row + c * shape.channels);
            }
          });
        });
      });
    });
    float* to = tile.sums + block * Kernel::kTaps * kFloatLanes;
    unrolled<Kernel::kTaps>([&](auto tap) SCONCE_UNROLLED { store(to + tap * kFloatLanes, load(to + tap * kFloatLanes) + sums[tap]); });
  }
}

using Compute = void (*)(const Tile&);

template <class Kernel, int kRows, int... kIndices>
constexpr std::array<Compute, kTileColumns> by_columns(std::integer_sequence<int, kIndices...>) {
  return {compute<Kernel, kRows, kIndices + 1>...};
}

template <class Kernel>
void rows(const DepthwisePart& part, const float* x, const float* dy, float* sums) {
  static constexpr std::array<Compute, kTileColumns> computes[] = {by_columns<Kernel, 1>(std::make_integer_sequence<int, kTileColumns>()),
                                                                   by_columns<Kernel, Kernel::kRows>(std::make_integer_sequence<int, kTileColumns>())};
  const DepthwiseShape& shape = *part.shape;
  const float** table = static_cast<const float**>(part.tables);
  const std::int64_t columns = (shape.output_width - 1) * Kernel::kStride + Kernel::kWidth;
  for (std::int64_t row = part.first_row; row < part.last_row; row += Kernel::kRows) {
    const std::int64_t pair = std::min<std::int64_t>(Kernel::kRows, part.last_row - row);
    table_of<const float>(x, shape.height, shape.width, shape.channels, row * Kernel::kStride - shape.top, -shape.left, (pair - 1) * Kernel::kStride + Kernel::kHeight, columns,
                          part.zeros, table);
    each_tile(shape.output_width, kTileColumns, [&](std::int64_t first, std::int64_t size) {
      computes[pair - 1][size - 1]({&part, table + first * Kernel::kStride, columns, dy + (row * shape.output_width + first) * shape.channels, sums});
    });
  }
}

}  // namespace

void weight_gradient(const DepthwisePart& part, const float* x, const float* dy, float* sums) {
  if (Window<3, 3, 1>::is(*part.shape)) rows<Window<3, 3, 1>>(part, x, dy, sums);
  else if (Window<3, 3, 2>::is(*part.shape)) rows<Window<3, 3, 2>>(part, x, dy, sums);
  else if (Window<5, 5, 1>::is(*part.shape)) rows<Window<5, 5, 1>>(part, x, dy, sums);
  else if (Window<5, 5, 2>::is(*part.shape)) rows<Window<5, 5, 2>>(part, x, dy, sums);
  else any_weight_gradient(part, x, dy, sums);
}

}  // namespace SCONCE_ISA
}  // namespace sconce
