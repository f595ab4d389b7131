// The second factor of a product, packed: panels of as many columns as a tile has, each a matrix of its own, the last one
// padded with zeros to whole vectors.
#pragma once

#include <algorithm>
#include <cstddef>

#include "../sizes.h"
#include "product_blocks.h"

namespace sconce {

class Panels {
 public:
  Panels(std::int64_t depth, std::int64_t columns) : depth_(depth), columns_(columns), width_(product_table().panel_width), count_(ceiling(columns, width_)) {}

  std::int64_t count() const { return count_; }
  std::size_t bytes() const { return static_cast<std::size_t>(depth_ * (first_column(count_ - 1) + padded_columns(count_ - 1))) * sizeof(float); }
  std::int64_t first_column(std::int64_t panel) const { return panel * width_; }
  std::int64_t columns(std::int64_t panel) const { return std::min(width_, columns_ - panel * width_); }
  /** Columns with the padding. */
  std::int64_t padded_columns(std::int64_t panel) const { return ceiling(columns(panel), product_table().lanes) * product_table().lanes; }
  /** Where row `k` of a panel begins. */
  std::int64_t place(std::int64_t panel, std::int64_t k) const { return first_column(panel) * depth_ + k * padded_columns(panel); }

  /** Packs the rows [first, first + count) of a panel; element (k, column) of the factor is from[(k - first) * depth_step + column * column_step]. */
  void pack(std::int64_t panel, std::int64_t first, std::int64_t count, const float* from, std::int64_t depth_step, std::int64_t column_step, float* packed) const {
    product_table().pack(from + first_column(panel) * column_step, depth_step, column_step, count, columns(panel), padded_columns(panel), packed + place(panel, first));
  }

  /** Packs a whole factor that lies transposed, [columns][depth]. */
  void pack_transposed(const float* from, float* packed) const {
    for (std::int64_t panel = 0; panel < count_; panel++) pack(panel, 0, depth_, from, 1, depth_, packed);
  }

  /** A product with a panel from its row `k` on, of which the rows and the result are still to be said. */
  PanelProduct product(const float* packed, std::int64_t panel, std::int64_t k = 0) const {
    PanelProduct product;
    product.panel = packed + place(panel, k);
    product.panel_step = padded_columns(panel);
    product.columns = columns(panel);
    product.column = first_column(panel);
    return product;
  }

 private:
  std::int64_t depth_, columns_, width_, count_;
};

/** Bytes of panels that do not stay in the second-level cache. */
constexpr std::size_t kLargePanels = std::size_t{1} << 20;

/** How the rows and panels of a product are shared out: tasks of a block of rows times some neighbouring panels. */
struct Shares {
  /** `row_bytes`: what a row of the first factor takes; `tasks`: how many are wanted at least, where there are enough rows and panels. */
  Shares(std::int64_t rows, std::int64_t row_bytes, const Panels& panels, std::int64_t tasks)
      : rows_(rows), panels_(panels.count()), by_columns_(panels.bytes() > kLargePanels && panels_ * product_table().panel_width > rows) {
    // A block's rows should stay in the second-level cache beside a panel, and there should be work for all threads, but
    // panels want some rows to be worth loading.
    const std::int64_t tile = product_table().tile_rows;
    const std::int64_t most = std::clamp<std::int64_t>((std::int64_t{256} << 10) / row_bytes, 2 * tile, 16 * tile);
    std::int64_t wanted = std::max(ceiling(rows, most), std::min(ceiling(rows, tile), ceiling(tasks, panels_)));
    if (wanted > 1) wanted += wanted % 2;
    row_blocks = std::min(rows, wanted);
    parts = by_columns_ ? panels_ : std::min(panels_, ceiling(tasks, row_blocks));
  }

  struct Task {
    std::int64_t first_row, rows, first_panel, last_panel;
  };

  std::int64_t tasks() const { return row_blocks * parts; }
  Task task(std::int64_t number) const {
    const std::int64_t block = by_columns_ ? number % row_blocks : number / parts, part = by_columns_ ? number / row_blocks : number % parts;
    const std::int64_t first = rows_ * block / row_blocks;
    return {first, rows_ * (block + 1) / row_blocks - first, panels_ * part / parts, panels_ * (part + 1) / parts};
  }

  std::int64_t row_blocks, parts;

 private:
  std::int64_t rows_, panels_;
  /**
   * Whether a thread, which gets neighbouring tasks, does some columns of all rows: it then reads only its part of panels that
   * do not stay in the second-level cache. Otherwise it does some of the rows, in whose cache they may be from the kernel before.
   */
  bool by_columns_;
};

/** Bytes of rows from which on they are likely to come from memory and not from a cache. */
constexpr std::size_t kFarBytes = std::size_t{4} << 20;

/** Tasks that a product is shared out in, at least. */
constexpr std::int64_t kFewestTasks = 16;

/** Depth that is multiplied at a time: more of a panel would not stay in the second-level cache. */
constexpr std::int64_t kDepthAtOnce = 1536;

}  // namespace sconce
