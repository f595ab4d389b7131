#include "reduction.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../team.h"
#include "../thread_memory.h"
#include "blocks.h"

namespace sconce {
namespace {

double neutral(Combine combine, DType dtype) {
  if (combine == Combine::kSum) return 0;
  if (combine == Combine::kProduct) return 1;
  const bool lowest = combine == Combine::kMax;
  switch (dtype) {
    case DType::kInt32: return lowest ? -2147483648.0 : 2147483647.0;
    case DType::kUint32: return lowest ? 0 : -1;  // the lane of 2^32 - 1
    case DType::kUint8: return lowest ? 0 : 255;
    case DType::kBool: return lowest ? 0 : 1;
    default: return lowest ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
}

std::int32_t wrapped(std::int64_t value, DType dtype) {
  return static_cast<std::int32_t>(dtype == DType::kUint8 || dtype == DType::kBool ? value & 255 : value);
}

/** a combined with b; floats in double, integers as their lanes. */
double combined(Combine combine, DType dtype, double a, double b) {
  if (lane_of(dtype) != Lane::kInt32) {
    switch (combine) {
      case Combine::kSum: return a + b;
      case Combine::kProduct: return a * b;
      case Combine::kMax: return std::isnan(a) || a > b ? a : b;
      case Combine::kMin: return std::isnan(a) || a < b ? a : b;
    }
  }
  const std::int64_t x = static_cast<std::int64_t>(a);
  const std::int64_t y = static_cast<std::int64_t>(b);
  const bool is_unsigned = dtype == DType::kUint32;
  const auto less = [&] { return is_unsigned ? static_cast<std::uint32_t>(x) < static_cast<std::uint32_t>(y) : x < y; };
  switch (combine) {
    case Combine::kSum: return wrapped(static_cast<std::int32_t>(static_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(y)), dtype);
    case Combine::kProduct: return wrapped(static_cast<std::int32_t>(static_cast<std::uint32_t>(x) * static_cast<std::uint32_t>(y)), dtype);
    case Combine::kMax: return less() ? b : a;
    case Combine::kMin: return less() ? a : b;
  }
  return a;
}

void write_lane(void* to, std::int64_t at, Lane lane, double value) {
  if (lane == Lane::kFloat64) static_cast<double*>(to)[at] = value;
  else if (lane == Lane::kFloat32) static_cast<float*>(to)[at] = static_cast<float>(value);
  else static_cast<std::int32_t*>(to)[at] = static_cast<std::int32_t>(static_cast<std::int64_t>(value));
}

double read_lane(const void* from, std::int64_t at, Lane lane) {
  if (lane == Lane::kFloat64) return static_cast<const double*>(from)[at];
  if (lane == Lane::kFloat32) return static_cast<double>(static_cast<const float*>(from)[at]);
  return static_cast<const std::int32_t*>(from)[at];
}

}  // namespace

Reduction::Reduction(const Nest& nest, bool in_parts) : accumulators_(nest.accumulators), length_(nest.body.size()) {
  const std::size_t rank = nest.shape.size();
  std::vector<std::int64_t> extents = nest.shape;
  extents.insert(extents.end(), nest.extent.begin(), nest.extent.end());
  outputs_ = product_of(extents, 0, rank);
  inner_ = product_of(extents, rank, extents.size());
  along_outputs_ = prefers_outputs(nest, extents) && !(in_parts && rank == 1);
  std::vector<int> results;
  for (const Accumulator& accumulator : accumulators_) results.push_back(accumulator.value);
  if (along_outputs_) {
    // Rows are (outer outputs, reduction), columns the innermost output loop.
    columns_ = nest.shape[rank - 1];
    std::vector<int> rows = loops_between(0, rank - 1);
    const std::vector<int> reduced = loops_between(rank, extents.size());
    rows.insert(rows.end(), reduced.begin(), reduced.end());
    sheet_ = std::make_unique<Sheet>(nest.body, extents, rows, static_cast<int>(rank) - 1, results, false);
    groups_ = columns_ == 0 ? 0 : outputs_ / columns_;
    rows_per_group_ = inner_;
  } else {
    const std::size_t loops = extents.size();
    const int column = loops > rank ? static_cast<int>(loops) - 1 : -1;
    sheet_ = std::make_unique<Sheet>(nest.body, extents, loops_between(0, column < 0 ? loops : loops - 1), column, results, false);
    groups_ = outputs_;
    rows_per_group_ = sheet_->width() == 0 ? 0 : inner_ / sheet_->width();
  }
  choose_pieces(!in_parts);
}

void Reduction::run(const Range* inputs, void* scratch) const {
  if (outputs_ == 0) return;
  if (inner_ == 0) {
    for (std::size_t i = 0; i < accumulators_.size(); i++) {
      for (std::int64_t o = 0; o < outputs_; o++) write_lane(result(scratch, i), o, lane(i), neutral(accumulators_[i].combine, accumulators_[i].dtype));
    }
    return;
  }
  run_groups(inputs, scratch, 0, groups_, is_parallel());
  if (pieces_ > 1) merge(scratch);
}

void Reduction::run_parts(const Range* inputs, void* scratch, std::int64_t parts, std::int64_t first, std::int64_t last) const {
  run_groups(inputs, scratch, groups_ / parts * first, groups_ / parts * last, false);
}

double* Reduction::partial(void* scratch, std::size_t accumulator) const {
  return reinterpret_cast<double*>(static_cast<char*>(scratch) + result_bytes() + accumulator * padded(outputs_ * pieces_ * 8));
}

bool Reduction::prefers_outputs(const Nest& nest, const std::vector<std::int64_t>& extents) {
  const std::size_t rank = nest.shape.size();
  if (rank == 0 || nest.extent.empty() || nest.shape[rank - 1] < 4) return false;
  int by_outputs = 0;
  int by_reduction = 0;
  for (const Instruction& instruction : nest.body) {
    if (instruction.kind != Instruction::Kind::kLoad || instruction.computed) continue;
    const auto value = [&](std::size_t loop) { return instruction.strides[loop] == 1 && extents[loop] > 1 ? 2 : instruction.strides[loop] == 0 ? 1 : 0; };
    by_outputs += value(rank - 1);
    by_reduction += value(extents.size() - 1);
  }
  if (by_outputs != by_reduction) return by_outputs > by_reduction;
  return extents.back() < nest.shape[rank - 1];
}

void Reduction::choose_pieces(bool cuts) {
  constexpr std::int64_t wanted = 64;
  constexpr std::int64_t least = 16384;  // elements of a piece
  const std::int64_t blocks = along_outputs_ ? groups_ * ceiling(columns_, kBlock) : groups_;
  units_per_group_ = along_outputs_ ? rows_per_group_ : rows_per_group_ > 1 ? rows_per_group_ : inner_;
  cuts_columns_ = !along_outputs_ && rows_per_group_ <= 1;
  if (!cuts || blocks >= wanted || inner_ == 0) return;
  const std::int64_t per_group = along_outputs_ ? inner_ * std::min(columns_, kBlock) : inner_;
  pieces_ = std::max<std::int64_t>(1, std::min({ceiling(wanted, std::max<std::int64_t>(1, blocks)), per_group / least, units_per_group_}));
}

void Reduction::run_groups(const Range* inputs, void* scratch, std::int64_t first, std::int64_t last, bool parallel) const {
  if (along_outputs_) run_along_outputs(inputs, scratch, first, last, parallel);
  else run_along_reduction(inputs, scratch, first, last, parallel);
}

void Reduction::run_along_outputs(const Range* inputs, void* scratch, std::int64_t first_group, std::int64_t last_group, bool parallel) const {
  const Sheet& sheet = *sheet_;
  const BlockTable& table = block_table();
  const std::int64_t column_blocks = ceiling(columns_, sheet.block_columns());
  const std::int64_t work = (last_group - first_group) * column_blocks * pieces_;
  parallel_ranges(work, parallel, [&](std::int64_t first_unit, std::int64_t last_unit) {
    const std::size_t lanes = padded(sheet.block_columns() * 8);
    char* memory = static_cast<char*>(thread_memory(sheet.memory_bytes() + 2 * accumulators_.size() * lanes));
    SheetWorker worker(sheet, inputs, nullptr, memory);
    // Of each accumulator, the sums of the runs done and of the run being done.
    const auto sums = [&](std::size_t i) { return reinterpret_cast<double*>(memory + sheet.memory_bytes() + 2 * i * lanes); };
    const auto running = [&](std::size_t i) { return sums(i) + lanes / 8; };
    for (std::int64_t unit = first_unit; unit < last_unit; unit++) {
      // Whole rows stay with a thread, which wrote them if it was a convolution that did.
      const std::int64_t column = unit % column_blocks * sheet.block_columns();
      const std::int64_t piece = unit / column_blocks % pieces_;
      const std::int64_t group = first_group + unit / column_blocks / pieces_;
      const std::int64_t columns = std::min(sheet.block_columns(), columns_ - column);
      const std::int64_t first = rows_per_group_ * piece / pieces_;
      const std::int64_t last = rows_per_group_ * (piece + 1) / pieces_;
      for (std::size_t i = 0; i < accumulators_.size(); i++) std::fill(sums(i), sums(i) + columns, neutral(accumulators_[i].combine, accumulators_[i].dtype));
      // A run of rows is accumulated in the dtype itself, runs in double: long sums keep their precision.
      const std::int64_t run = ceiling(128, sheet.block_rows()) * sheet.block_rows();
      for (std::int64_t row = first; row < last; row += run) {
        const std::int64_t end = std::min(row + run, last);
        for (std::int64_t at = row; at < end; at += sheet.block_rows()) {
          const std::int64_t rows = std::min(sheet.block_rows(), end - at);
          worker.expect(group * rows_per_group_ + at + rows, column);
          worker.evaluate(group * rows_per_group_ + at, rows, column, columns);
          for (std::size_t i = 0; i < accumulators_.size(); i++) {
            const char* values = static_cast<const char*>(worker.block(accumulators_[i].value));
            const std::size_t stride = static_cast<std::size_t>(columns) * lane_bytes(lane(i));
            std::int64_t r = 0;
            if (at == row) std::memcpy(running(i), values, stride), r = 1;
            const BlockCombine combine = table.combines[static_cast<int>(accumulators_[i].combine)][static_cast<int>(accumulators_[i].dtype)];
            combine(running(i), values + r * static_cast<std::int64_t>(stride), rows - r, columns);
          }
        }
        for (std::size_t i = 0; i < accumulators_.size(); i++) {
          const Combine combine = accumulators_[i].combine;
          if (sums_floats(i)) {
            const float* from = reinterpret_cast<const float*>(running(i));
            double* to = sums(i);
            for (std::int64_t c = 0; c < columns; c++) to[c] += from[c];
            continue;
          }
          for (std::int64_t c = 0; c < columns; c++) sums(i)[c] = combined(combine, accumulators_[i].dtype, sums(i)[c], read_lane(running(i), c, lane(i)));
        }
      }
      for (std::size_t i = 0; i < accumulators_.size(); i++) {
        const std::int64_t at = group * columns_ + column;
        if (pieces_ > 1) std::memcpy(partial(scratch, i) + piece * outputs_ + at, sums(i), static_cast<std::size_t>(columns) * 8);
        else write(scratch, i, at, sums(i), columns);
      }
    }
  });
}

void Reduction::run_along_reduction(const Range* inputs, void* scratch, std::int64_t first_group, std::int64_t last_group, bool parallel) const {
  const Sheet& sheet = *sheet_;
  const std::int64_t width = sheet.width();
  // Outputs whose whole reduction fits a block are done several at a time.
  const std::int64_t groups_per_block = std::max<std::int64_t>(1, sheet.block_rows() / std::max<std::int64_t>(1, rows_per_group_));
  const std::int64_t group_blocks = ceiling(last_group - first_group, groups_per_block);
  const std::int64_t work = group_blocks * pieces_;
  parallel_ranges(work, parallel, [&](std::int64_t first_unit, std::int64_t last_unit) {
    char* memory = static_cast<char*>(thread_memory(sheet.memory_bytes() + accumulators_.size() * 8));
    SheetWorker worker(sheet, inputs, nullptr, memory);
    double* totals = reinterpret_cast<double*>(memory + sheet.memory_bytes());
    for (std::int64_t unit = first_unit; unit < last_unit; unit++) {
      const std::int64_t group = first_group + unit / pieces_ * groups_per_block;
      const std::int64_t piece = unit % pieces_;
      const std::int64_t groups = std::min(groups_per_block, last_group - group);
      if (groups_per_block > 1) {
        worker.evaluate(group * rows_per_group_, groups * rows_per_group_, 0, width);
        for (std::int64_t g = 0; g < groups; g++) {
          for (std::size_t i = 0; i < accumulators_.size(); i++) write_lane(result(scratch, i), group + g, lane(i), reduce_block(worker, i, g * inner_, inner_));
        }
        continue;
      }
      for (std::size_t i = 0; i < accumulators_.size(); i++) totals[i] = neutral(accumulators_[i].combine, accumulators_[i].dtype);
      const std::int64_t first = units_per_group_ * piece / pieces_;
      const std::int64_t last = units_per_group_ * (piece + 1) / pieces_;
      const std::int64_t first_row = cuts_columns_ ? 0 : first;
      const std::int64_t last_row = cuts_columns_ ? rows_per_group_ : last;
      const std::int64_t first_column = cuts_columns_ ? first : 0;
      const std::int64_t last_column = cuts_columns_ ? last : width;
      for (std::int64_t row = first_row; row < last_row; row += sheet.block_rows()) {
        const std::int64_t rows = std::min(sheet.block_rows(), last_row - row);
        for (std::int64_t column = first_column; column < last_column; column += sheet.block_columns()) {
          const std::int64_t columns = std::min(sheet.block_columns(), last_column - column);
          worker.evaluate(group * rows_per_group_ + row, rows, column, columns);
          for (std::size_t i = 0; i < accumulators_.size(); i++) totals[i] = combined(accumulators_[i].combine, accumulators_[i].dtype, totals[i], reduce_block(worker, i, 0, rows * columns));
        }
      }
      for (std::size_t i = 0; i < accumulators_.size(); i++) {
        if (pieces_ > 1) partial(scratch, i)[piece * outputs_ + group] = totals[i];
        else write_lane(result(scratch, i), group, lane(i), totals[i]);
      }
    }
  });
}

double Reduction::reduce_block(SheetWorker& worker, std::size_t i, std::int64_t from, std::int64_t n) const {
  const char* values = static_cast<const char*>(worker.block(accumulators_[i].value)) + from * static_cast<std::int64_t>(lane_bytes(lane(i)));
  return block_table().reductions[static_cast<int>(accumulators_[i].combine)][static_cast<int>(accumulators_[i].dtype)](values, n);
}

void Reduction::merge(void* scratch) const {
  for (std::size_t i = 0; i < accumulators_.size(); i++) {
    double* total = partial(scratch, i);
    if (lane(i) != Lane::kInt32) {
      block_table().combines[static_cast<int>(accumulators_[i].combine)][static_cast<int>(DType::kFloat64)](total, total + outputs_, pieces_ - 1, outputs_);
    } else {
      for (std::int64_t piece = 1; piece < pieces_; piece++) {
        const double* from = total + piece * outputs_;
        for (std::int64_t o = 0; o < outputs_; o++) total[o] = combined(accumulators_[i].combine, accumulators_[i].dtype, total[o], from[o]);
      }
    }
    write(scratch, i, 0, total, outputs_);
  }
}

void Reduction::write(void* scratch, std::size_t i, std::int64_t at, const double* values, std::int64_t count) const {
  if (sums_floats(i)) {
    float* to = static_cast<float*>(result(scratch, i)) + at;
    for (std::int64_t o = 0; o < count; o++) to[o] = static_cast<float>(values[o]);
  } else {
    for (std::int64_t o = 0; o < count; o++) write_lane(result(scratch, i), at + o, lane(i), values[o]);
  }
}

}  // namespace sconce
