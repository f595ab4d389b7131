// Moments of a block that fits the first-level cache, compiled once per instruction set.
#pragma once

#include <cstdint>

namespace sconce {

/** Columns of a block, at most. */
constexpr std::int64_t kMomentColumns = 256;

/**
 * Adds a block to `sums` and `squares` (of the distances from the mean), which hold `before` elements of each column:
 * those of two sets follow from those of each and the distance of their means (Chan, Golub and LeVeque 1979).
 */
struct MomentTable {
  /** One column, whose `rows` elements lie side by side; the block at `next` will be asked for after it. */
  void (*along)(const float* x, const float* next, std::int64_t rows, std::int64_t before, double* sum, double* squares);
  /** `columns` side by side, whose rows are `stride` apart. */
  void (*across)(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns, std::int64_t before, double* sums, double* squares);
};

const MomentTable& moment_table();

/** Joins moments of `count` elements to those of `before`. */
inline void join_moments(std::int64_t before, double* sum, double* squares, std::int64_t count, double more, double more_squares) {
  if (before == 0) {
    *sum = more;
    *squares = more_squares;
    return;
  }
  const double m = static_cast<double>(before);
  const double n = static_cast<double>(count);
  const double distance = more * (1 / n) - *sum * (1 / m);
  *squares += more_squares + distance * distance * (m * n / (m + n));
  *sum += more;
}

}  // namespace sconce
