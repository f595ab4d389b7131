// One thread's work on a sheet: the values of a block at a time.
#pragma once

#include <cstdint>

#include "../kernel.h"
#include "sheet.h"

namespace sconce {

/** One thread's memory and position. */
class SheetWorker {
 public:
  /** `inputs` are the nest's inputs; `accumulators` the finished accumulators by number, one lane per element of the sheet; `memory` has the bytes that the sheet asks for. */
  SheetWorker(const Sheet& sheet, const Range* inputs, const void* const* accumulators, void* memory);
  SheetWorker(const SheetWorker&) = delete;
  SheetWorker& operator=(const SheetWorker&) = delete;

  /** Where a value that `has_target` goes in the next blocks; null for the worker's own memory. Written before all inputs are read, unless it is the last value. */
  void*& target(int value) { return targets_[value]; }

  /** Computes the rows [row, row + rows) and columns [column, column + columns): at most a block. What has a target goes there past the caches if `streams`. */
  void evaluate(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, bool streams = false);

  /** Tells where the block after the next one begins, if it does not follow it, for its inputs to be asked for. */
  void expect(std::int64_t row, std::int64_t column) {
    expected_row_ = row;
    expected_column_ = column;
  }

  /** Whether the elements of the block just computed are neighbours in the order of the sheet. */
  bool is_whole() const { return rows_ == 1 || columns_ == sheet_.width_; }

  /** All lanes of a value in the block just computed. */
  const void* block(int value);

 private:
  void run(const Sheet::Step& step, std::int64_t n, void* out);
  void run_program(const Sheet::Step& step, std::int64_t n, void* out, bool streams);
  /** Writes the steps of a program, which stay the same as long as blocks have the same columns and as many rows. */
  void prepare_program(const Sheet::Step& step);
  /** The lanes of an operand of a value of every element, which is a single one for the block if `single` says so. */
  const void* operand_of_element(int operand, bool& single) const;
  void load(const Sheet::Step& step, std::int64_t rows, std::int64_t columns, void* out);
  /** Where a load of every element finds a row. */
  std::int64_t row_offset(const Sheet::Step& step, std::int64_t row) const;
  void load_across(const Sheet::Step& step, const char* base, std::int64_t rows, std::int64_t columns, void* out);
  /** Moves to rows, and tells along which row loops (a bit each, as in `row_reads`) the first one is elsewhere than before. */
  std::uint64_t locate_rows(std::int64_t row, std::int64_t rows);

  const Sheet& sheet_;
  const BlockTable& table_;
  const Range* inputs_;
  const void* const* accumulators_;
  std::int64_t& row_index(std::size_t loop, std::int64_t row) { return rows_at_[static_cast<std::int64_t>(loop) * sheet_.block_rows_ + row]; }

  char* memory_;
  const void** values_;
  const void** expansions_;
  void** targets_;
  /** Of loads that are asked for, where the next block's elements are. */
  const void** next_;
  /** Positions of the block's rows along each row loop. */
  std::int64_t* rows_at_;
  std::int64_t row_ = -1;
  std::int64_t rows_ = 0;
  std::int64_t column_ = -1;
  std::int64_t columns_ = -1;
  std::int64_t expected_row_ = -1;
  std::int64_t expected_column_ = -1;
  bool in_element_ = false;
  bool prepared_ = false;
};

}  // namespace sconce
