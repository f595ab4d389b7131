// Pools of channels that lie side by side, compiled once per instruction set.
#pragma once

#include "geometry.h"

namespace sconce {

/** Rows of a pool whose elements are vectors of channels. */
struct PoolTile {
  const PoolShape* shape;
  /** Channels, and floats from one column to the next. */
  std::int64_t channels;
  std::int64_t step;
  /** The rows to make: of the output, or of the input's gradient. */
  std::int64_t begin;
  std::int64_t end;
  /** The rows that the pointers point to: of the input, and of the output or its gradient. */
  std::int64_t input_row;
  std::int64_t output_row;
};

struct PoolTable {
  /** The largest element of each window, and a NaN before any number. */
  void (*maximum)(const PoolTile& tile, const float* x, float* y);
  /** The elements of `values` where the windows of x have their maxima; 0 for windows without elements. */
  void (*select)(const PoolTile& tile, const float* x, const float* values, float* y);
  /** dx = 0, with each element of dy added where its window of x has its maximum; with `rectified`, a positive one. */
  void (*maximum_gradient)(const PoolTile& tile, const float* x, const float* dy, float* dx);
  void (*average)(const PoolTile& tile, const float* x, float* y);
  /** dx = 0, with each element of dy added in equal shares to its window. */
  void (*average_gradient)(const PoolTile& tile, const float* dy, float* dx);
};

const PoolTable& pool_table();

}  // namespace sconce
