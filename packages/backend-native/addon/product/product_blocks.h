// The arithmetic of matrix products, compiled once per instruction set: tiles of some rows and as many columns as fit the
// registers. Rows of the first factor are found through pointers, so that they may lie anywhere (those of a convolution
// are pixels, another one for each tap of the kernel); columns of the second lie together in panels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../results/result_step.h"

namespace sconce {

/** The rows before `last` of a product with one panel. */
struct PanelProduct {
  /** [taps][row_count] pointers to rows, of which `depth` elements from `offset` on, `step` apart, are factors. */
  const float* const* rows = nullptr;
  std::int64_t row_count = 0, taps = 1, offset = 0, depth = 0, step = 1;
  /** Of a product of lines: `rows` has one pointer per tap, to row 0, and the rows lie so many elements apart. */
  std::int64_t row_apart = 0;
  /** Whether the rows have not been read before, so that they should be asked for ahead. */
  bool rows_are_new = false;
  /** A row known to be zeros: products with it may be left out. */
  const float* zero = nullptr;
  /** [taps * depth] rows of columns, which lie `panel_step` apart and of which whole vectors are read. */
  const float* panel = nullptr;
  std::int64_t panel_step = 0;
  std::int64_t last = 0;
  /** Columns of the panel: at most panel_width(). */
  std::int64_t columns = 0;
  /** Where the result's row 0 has the panel's first column; rows lie `result_step` apart. */
  float* result = nullptr;
  std::int64_t result_step = 0;
  /** Whether the sums are added to what is there. */
  bool accumulates = false;
  /** Null if the sums are stored as they are. */
  const ResultChain* chain = nullptr;
  /** For the chain: the panel's first column, and the place of row 0's column 0 in arrays of one value per result. */
  std::int64_t column = 0, place = 0, place_step = 0;
};

struct ProductTable {
  /** Columns of a full panel. */
  std::int64_t panel_width;
  /** Columns of a vector. */
  std::int64_t lanes;
  /** Row counts are best multiples of this, which all tiles divide. */
  std::int64_t tile_rows;
  void (*multiply)(const PanelProduct& product);
  /** The same for rows that lie evenly. */
  void (*multiply_lines)(const PanelProduct& product);
  /** Writes element (k, column) of a panel, from[k * depth_step + column * column_step], to[k * width + column], with zeros up to `width`. */
  void (*pack)(const float* from, std::int64_t depth_step, std::int64_t column_step, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to);
};

const ProductTable& product_table();

}  // namespace sconce
