// The order of activations in which images lie side by side: [N / 16][C][H][W][16].
//
// Where there are few channels, neither these nor the columns of small planes fill vectors, but a batch always has images
// enough. In this order a vector holds the same place of 16 images, so every operation on it is a plain one: nothing is left
// over at the ends of rows, and windows need no shuffling.
#pragma once

#include <cstdint>

namespace sconce {

constexpr std::int64_t kImages = 16;

}  // namespace sconce
