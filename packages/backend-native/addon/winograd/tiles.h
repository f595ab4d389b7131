// How images are cut into tiles of 4x4 results.
#pragma once

#include <algorithm>
#include <cstdint>

#include "../sizes.h"
#include "../thread_memory.h"
#include "winograd.h"
#include "winograd_blocks.h"

namespace sconce {

struct Tiles {
  explicit Tiles(const WinogradShape& shape)
      : down(ceiling(shape.output_height, kTileResults)), across(ceiling(shape.output_width, kTileResults)), count(shape.batch * down * across) {
    // Factors and sums of a block should fit the second-level cache, but products want some rows.
    const std::int64_t bytes = kFactors * (shape.input_channels + shape.output_channels) * kFloat;
    block = std::clamp<std::int64_t>((std::int64_t{768} << 10) / bytes, 24, 96);
    // Blocks of equal size, at least eight of them where there are enough tiles.
    std::int64_t wanted = std::max(ceiling(count, block), std::min<std::int64_t>(8, ceiling(count, 12)));
    if (wanted > 1) wanted += wanted % 2;
    block = ceiling(count, wanted);
    blocks = ceiling(count, block);
  }

  std::int64_t down, across, count;
  std::int64_t block, blocks;
};

/** Where a tile lies in its image. */
struct Place {
  Place(const Tiles& tiles, std::int64_t tile)
      : image(tile / (tiles.down * tiles.across)), row(tile / tiles.across % tiles.down * kTileResults), column(tile % tiles.across * kTileResults) {}

  std::int64_t image, row, column;
};

/** Pointers to a square of positions of a channels-last image, null (or `outside`) where it leaves the image. */
template <class Float, std::int64_t kSide>
void square(Float* image, std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t row, std::int64_t column, Float* outside,
            Float* (&pointers)[kSide * kSide]) {
  for (std::int64_t i = 0; i < kSide; i++) {
    for (std::int64_t j = 0; j < kSide; j++) {
      const std::int64_t y = row + i, x = column + j;
      const bool inside = y >= 0 && y < height && x >= 0 && x < width;
      pointers[i * kSide + j] = inside ? image + (y * width + x) * channels : outside;
    }
  }
}

/** The factors of the input's tiles [first, last): 36 arrays [tile][channel] that lie `apart` elements from each other. */
inline void input_factors(const WinogradShape& shape, const Tiles& tiles, const float* x, std::int64_t first, std::int64_t last, float* factors, std::int64_t apart) {
  const float* outside = thread_zeros(shape.input_channels);
  for (std::int64_t tile = first; tile < last; tile++) {
    const Place place(tiles, tile);
    const float* elements[kFactors];
    square<const float, kTileElements>(x + place.image * shape.height * shape.width * shape.input_channels, shape.height, shape.width, shape.input_channels,
                                       place.row - shape.top, place.column - shape.left, outside, elements);
    winograd_table().input(elements, shape.input_channels, factors + (tile - first) * shape.input_channels, apart);
  }
}

}  // namespace sconce
