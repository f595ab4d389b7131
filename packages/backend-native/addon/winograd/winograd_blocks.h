// The arithmetic of Winograd's minimal filtering F(4x4, 3x3) on channels-last data, compiled once per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../results/result_step.h"

namespace sconce {

/** Results of a tile along an axis, elements it is made of, and products in all. */
constexpr std::int64_t kTileResults = 4;
constexpr std::int64_t kTileElements = 6;
constexpr std::int64_t kFactors = 36;

/** Channels must be a multiple of this, the widest vector. */
constexpr std::int64_t kWinogradChannels = 16;

struct WinogradTable {
  /** The 36 elements of a tile, each `channels` long, to 36 factors that lie `apart` elements from each other. */
  void (*input)(const float* const* elements, std::int64_t channels, float* factors, std::int64_t apart);
  /**
   * 36 sums, `apart` elements from each other and each `channels` long, to the 16 results of a tile from channel `channel` on.
   * results[i], channel 0 of a position somewhere in the array `all`, may be null.
   */
  void (*output)(const float* sums, std::int64_t apart, std::int64_t channel, std::int64_t channels, float* const* results, const float* all, const ResultChain& chain);
  /** The adjoint of `output`: 16 gradients to 36 factors. */
  void (*output_gradient)(const float* const* gradients, std::int64_t channels, float* factors, std::int64_t apart);
  /** Nine taps, each `count` long, to 36 factors. */
  void (*kernel)(const float* taps, std::int64_t count, float* factors, std::int64_t apart);
  /** The adjoint of `kernel`: 36 sums to the gradients of nine taps. */
  void (*kernel_gradient)(const float* sums, std::int64_t apart, std::int64_t count, float* taps);
};

const WinogradTable& winograd_table();

}  // namespace sconce
