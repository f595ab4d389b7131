// The loops of nests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

namespace sconce {

/** Work below this many instruction-elements is not worth waking other threads for. */
constexpr std::int64_t kSerial = 32768;

/** The numbers [from, to). */
inline std::vector<int> loops_between(std::size_t from, std::size_t to) {
  std::vector<int> loops(to - from);
  std::iota(loops.begin(), loops.end(), static_cast<int>(from));
  return loops;
}

/** Of the extents with these numbers. */
inline std::int64_t product_of(const std::vector<std::int64_t>& extents, std::size_t from, std::size_t to) {
  return std::accumulate(extents.begin() + static_cast<std::ptrdiff_t>(from), extents.begin() + static_cast<std::ptrdiff_t>(to), std::int64_t{1}, std::multiplies<>());
}

}  // namespace sconce
