// Results of two rows and several columns are kept in registers for one block of channels at a time: each element of the
// input is then loaded once for all of them. What is outside the image is read from zeros.
#include <array>

#include "finish.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

struct Tile {
  const DepthwisePart* part;
  const float* taps;
  /** Positions of the input: rows of a table, `table_row` pointers long. */
  const float* const* table;
  std::int64_t table_row;
  float* to;
  std::int64_t at;
  const ResultChain* chain;
};

template <class Kernel, int kRows, int kColumns>
void compute(const Tile& tile) {
  const DepthwiseShape& shape = *tile.part->shape;
  for (std::int64_t block = tile.part->first_block; block < tile.part->last_block; block++) {
    const std::int64_t channel = block_channel(shape, kFloatLanes, block);
    const float* taps = tile.taps + block * Kernel::kTaps * kFloatLanes;
    Floats sums[kRows][kColumns] = {};
    unrolled<(kRows - 1) * Kernel::kStride + Kernel::kHeight>([&](auto y) SCONCE_UNROLLED {
      const float* const* row = tile.table + y * tile.table_row;
      unrolled<(kColumns - 1) * Kernel::kStride + Kernel::kWidth>([&](auto x) SCONCE_UNROLLED {
        const Floats element = load(row[x] + channel);
        unrolled<kRows>([&](auto r) SCONCE_UNROLLED {
          unrolled<kColumns>([&](auto c) SCONCE_UNROLLED {
            constexpr int i = y - r * Kernel::kStride, j = x - c * Kernel::kStride;
            if constexpr (i >= 0 && i < Kernel::kHeight && j >= 0 && j < Kernel::kWidth) {
              sums[r][c] += element * load(taps + (i * Kernel::kWidth + j) * kFloatLanes);
            }
          });
        });
      });
    });
    finish(*tile.chain, sums, tile.to + channel, shape.output_width * shape.channels, shape.channels, tile.at + channel, channel);
  }
}

using Compute = void (*)(const Tile&);

template <class Kernel, int kRows, int... kIndices>
constexpr std::array<Compute, kTileColumns> by_columns(std::integer_sequence<int, kIndices...>) {
  return {compute<Kernel, kRows, kIndices + 1>...};
}

template <class Kernel>
void rows(const DepthwisePart& part, const float* x, const float* taps, float* y, const float* all, const ResultChain& chain) {
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
      float* to = y + (row * shape.output_width + first) * shape.channels;
      computes[pair - 1][size - 1]({&part, taps, table + first * Kernel::kStride, columns, to, to - all, &chain});
    });
  }
}

}  // namespace

void forward(const DepthwisePart& part, const float* x, const float* taps, float* y, const float* all, const ResultChain& chain) {
  if (Window<3, 3, 1>::is(*part.shape)) rows<Window<3, 3, 1>>(part, x, taps, y, all, chain);
  else if (Window<3, 3, 2>::is(*part.shape)) rows<Window<3, 3, 2>>(part, x, taps, y, all, chain);
  else if (Window<5, 5, 1>::is(*part.shape)) rows<Window<5, 5, 1>>(part, x, taps, y, all, chain);
  else if (Window<5, 5, 2>::is(*part.shape)) rows<Window<5, 5, 2>>(part, x, taps, y, all, chain);
  else any_forward(part, x, taps, y, all, chain);
}

}  // namespace SCONCE_ISA
}  // namespace sconce
