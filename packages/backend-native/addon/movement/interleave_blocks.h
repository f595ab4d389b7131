// Elements of a few planes side by side, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

/** to[i][plane] = planes[plane][i] for i < count; the planes lie `apart` elements from each other. */
using Interleave = void (*)(const std::uint32_t* planes, std::int64_t apart, std::int64_t count, std::uint32_t* to);

constexpr std::int64_t kMostPlanes = 4;

struct InterleaveTable {
  /** For 2, 3 and 4 planes. */
  Interleave of[kMostPlanes - 1];
};

const InterleaveTable& interleave_table();

}  // namespace sconce
