// Sizes of arrays and of their pieces.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sconce {

constexpr std::int64_t kFloat = sizeof(float);

/** a / b, rounded up. */
inline std::int64_t ceiling(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

inline std::size_t bytes_of(std::int64_t floats) { return static_cast<std::size_t>(floats * kFloat); }

/** Rounds up to what our scratch pieces are aligned to. */
inline std::size_t padded(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace sconce
