// The instructions of a nest evaluated over its output, block by block, and stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../kernel.h"
#include "../sizes.h"
#include "blocks.h"
#include "nest.h"
#include "sheet_worker.h"

namespace sconce {

/** Instructions evaluated over the output and stored. */
class Elementwise {
 public:
  Elementwise(const std::vector<Instruction>& list, const std::vector<std::int64_t>& shape, const std::vector<Store>& stores);

  void run(const Range* inputs, const Range* outputs, const void* const* accumulators) const;

  /** The results whose position along loop `loop` of `shape` is in [first, last), on this thread. What was read last is read first: it is still in a cache. */
  void run_parts(const Range* inputs, const Range* outputs, const void* const* accumulators, const std::vector<std::int64_t>& shape, std::size_t loop, std::int64_t first, std::int64_t last) const;

 private:
  /** A rectangle of the sheet, done in blocks of a few rows, or of a part of one row where rows are long. */
  struct Area {
    std::int64_t row, rows, column, columns;
  };

  std::int64_t row_blocks(const Area& area) const { return ceiling(area.rows, sheet_->block_rows()); }
  std::int64_t column_blocks(const Area& area) const { return ceiling(area.columns, sheet_->block_columns()); }
  std::int64_t count_blocks(const Area& area) const { return row_blocks(area) * column_blocks(area); }

  /** The stores, a bit each, whose values are computed in their place: early ones where no input, which would be read later, lies there. */
  std::uint64_t direct_stores(const Range* inputs, const Range* outputs) const;

  Area area_of_block(const Area& area, std::int64_t block) const;

  void store(SheetWorker& worker, const Range* outputs, std::uint64_t direct, const Area& block) const;

  /** Elements from `at` on of a store whose rows have those of others beside them. */
  static void store_part(const Store& store, BlockStore function, const char* values, std::int64_t at, std::int64_t count, char* result);

  std::vector<Store> stores_;
  std::size_t length_;
  std::unique_ptr<Sheet> sheet_;
  /** A bit for each of the first stores whose value may be computed in its place: the last value, and earlier ones. */
  std::uint64_t direct_ = 0;
  std::uint64_t early_ = 0;
  bool streams_ = false;
  bool writes_zeros_ = false;
};

}  // namespace sconce
