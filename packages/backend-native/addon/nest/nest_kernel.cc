// Runs a nest: elementwise work as sheets over the output; reductions first into accumulators, then the epilogue over
// those. How a reduction is cut into pieces depends on its shape alone, so results do not depend on the threads.
#include "nest_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

#include "../sizes.h"
#include "../team.h"
#include "../thread_memory.h"
#include "blocks.h"
#include "sheet.h"
#include "single.h"

namespace sconce {
namespace {

/** Work below this many instruction-elements is not worth waking other threads for. */
constexpr std::int64_t kSerial = 32768;

/** Results of at least this many bytes are stored past the caches: whoever reads them would not find them there anyway. */
constexpr std::int64_t kStreamed = std::int64_t{16} << 20;

std::vector<int> loops_between(std::size_t from, std::size_t to) {
  std::vector<int> loops(to - from);
  std::iota(loops.begin(), loops.end(), static_cast<int>(from));
  return loops;
}

std::int64_t product(const std::vector<std::int64_t>& extents, std::size_t from, std::size_t to) {
  return std::accumulate(extents.begin() + static_cast<std::ptrdiff_t>(from), extents.begin() + static_cast<std::ptrdiff_t>(to), std::int64_t{1}, std::multiplies<>());
}

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

/** Instructions evaluated over the output and stored. */
class Elementwise {
 public:
  Elementwise(const std::vector<Instruction>& list, const std::vector<std::int64_t>& shape, const std::vector<Store>& stores)
      : stores_(stores), length_(std::max<std::size_t>(1, list.size())) {
    std::vector<int> results;
    for (const Store& store : stores_) results.push_back(store.value);
    const std::size_t rank = shape.size();
    sheet_ = std::make_unique<Sheet>(list, shape, loops_between(0, rank == 0 ? 0 : rank - 1), static_cast<int>(rank) - 1, results, true);
    std::int64_t bytes = 0;
    for (const Store& store : stores_) bytes += sheet_->rows() * sheet_->width() * static_cast<std::int64_t>(bytes_per_element(store.dtype));
    streams_ = bytes >= kStreamed;
    writes_zeros_ = std::all_of(results.begin(), results.end(), [&](int value) {
      return list[value].kind == Instruction::Kind::kConstant && list[value].value == 0 && !std::signbit(list[value].value);
    });
    // A value is computed where it is stored, if nothing reads it or changes it on the way.
    std::vector<bool> has_store(list.size(), false);
    for (std::size_t i = 0; i < std::min<std::size_t>(stores_.size(), 64); i++) {
      const Store& store = stores_[i];
      const bool as_held = store.parts == 1 && lane_bytes(lane_of(store.dtype)) == bytes_per_element(store.dtype);
      const bool is_last = store.value + 1 == static_cast<int>(list.size());
      if (as_held && !has_store[store.value] && sheet_->has_target(store.value, streams_)) (is_last ? direct_ : early_) |= std::uint64_t{1} << i;
      has_store[store.value] = true;
    }
  }

  void run(const Range* inputs, const Range* outputs, const void* const* accumulators) const {
    const Sheet& sheet = *sheet_;
    const std::int64_t total = sheet.rows() * sheet.width();
    if (total == 0) return;
    // Zeros that are there already stay: the system has given no memory for them yet.
    if (writes_zeros_ && std::all_of(outputs, outputs + stores_.size(), [](const Range& output) { return output.holds_zeros; })) return;
    const Area all = {0, sheet.rows(), 0, sheet.width()};
    const std::uint64_t direct = direct_stores(inputs, outputs);
    parallel_ranges(count_blocks(all), total * static_cast<std::int64_t>(length_) > kSerial, [&](std::int64_t first, std::int64_t last) {
      SheetWorker worker(sheet, inputs, accumulators, thread_memory(sheet.memory_bytes()));
      for (std::int64_t block = first; block < last; block++) store(worker, outputs, direct, area_of_block(all, block));
      if (streams_) finish_streams();
    });
  }

  /** The results whose position along loop `loop` of `shape` is in [first, last), on this thread. What was read last is read first: it is still in a cache. */
  void run_parts(const Range* inputs, const Range* outputs, const void* const* accumulators, const std::vector<std::int64_t>& shape, std::size_t loop, std::int64_t first, std::int64_t last) const {
    const Sheet& sheet = *sheet_;
    if (sheet.rows() * sheet.width() == 0) return;
    SheetWorker worker(sheet, inputs, accumulators, thread_memory(sheet.memory_bytes()));
    const std::uint64_t direct = direct_stores(inputs, outputs);
    const bool is_column = loop + 1 == shape.size();
    const std::int64_t outer = is_column ? 1 : product(shape, 0, loop);
    const std::int64_t inner = is_column ? 1 : product(shape, loop + 1, shape.size() - 1);
    const auto area = [&](std::int64_t i) {
      const std::int64_t row = (i * shape[loop] + first) * inner;
      return is_column ? Area{0, sheet.rows(), first, last - first} : Area{row, (last - first) * inner, 0, sheet.width()};
    };
    const std::int64_t blocks = count_blocks(area(0));
    for (std::int64_t block = outer * blocks; block-- > 0;) {
      const std::int64_t next = std::max<std::int64_t>(0, block - 1);
      const Area expected = area_of_block(area(next / blocks), next % blocks);
      worker.expect(expected.row, expected.column);
      store(worker, outputs, direct, area_of_block(area(block / blocks), block % blocks));
    }
    if (streams_) finish_streams();
  }

 private:
  /** A rectangle of the sheet, done in blocks of a few rows, or of a part of one row where rows are long. */
  struct Area {
    std::int64_t row, rows, column, columns;
  };

  std::int64_t row_blocks(const Area& area) const { return ceiling(area.rows, sheet_->block_rows()); }
  std::int64_t column_blocks(const Area& area) const { return ceiling(area.columns, sheet_->block_columns()); }
  std::int64_t count_blocks(const Area& area) const { return row_blocks(area) * column_blocks(area); }

  /** The stores, a bit each, whose values are computed in their place: early ones where no input, which would be read later, lies there. */
  std::uint64_t direct_stores(const Range* inputs, const Range* outputs) const {
    std::uint64_t direct = direct_;
    for (std::size_t i = 0; i < 64 && early_ >> i != 0; i++) {
      const Range& output = outputs[stores_[i].result];
      const char* const place = static_cast<const char*>(output.pointer);
      const auto is_elsewhere = [&](const Range& input) {
        const char* const from = static_cast<const char*>(input.pointer);
        return from + input.bytes <= place || place + output.bytes <= from;
      };
      if (std::all_of(inputs, outputs, is_elsewhere)) direct |= early_ & std::uint64_t{1} << i;
    }
    return direct;
  }

  Area area_of_block(const Area& area, std::int64_t block) const {
    // What depends on the column alone is computed once per block where column blocks are outside; otherwise memory is walked in its order.
    const bool by_columns = sheet_->has_column_values() && area.rows > column_blocks(area);
    const std::int64_t column = (by_columns ? block / row_blocks(area) : block % column_blocks(area)) * sheet_->block_columns();
    const std::int64_t row = (by_columns ? block % row_blocks(area) : block / column_blocks(area)) * sheet_->block_rows();
    const std::int64_t rows = std::min(sheet_->block_rows(), area.rows - row);
    const std::int64_t columns = std::min(sheet_->block_columns(), area.columns - column);
    return {area.row + row, rows, area.column + column, columns};
  }

  void store(SheetWorker& worker, const Range* outputs, std::uint64_t direct, const Area& block) const {
    const auto [row, rows, column, columns] = block;
    const BlockTable& table = block_table();
    const std::int64_t width = sheet_->width();
    const std::int64_t at = row * width + column;
    const auto bytes = [&](std::size_t i) { return static_cast<std::int64_t>(bytes_per_element(stores_[i].dtype)); };
    const auto target = [&](std::size_t i) { return static_cast<char*>(outputs[stores_[i].result].pointer) + at * bytes(i); };
    const bool whole = rows == 1 || columns == width;
    for (std::size_t i = 0; i < 64 && direct >> i != 0; i++) {
      if (direct >> i & 1) worker.target(stores_[i].value) = whole ? target(i) : nullptr;
    }
    worker.evaluate(row, rows, column, columns, streams_);
    for (std::size_t i = 0; i < stores_.size(); i++) {
      const char* values = static_cast<const char*>(worker.block(stores_[i].value));
      const bool is_part = stores_[i].parts > 1;
      const bool streams = streams_ && whole && !is_part && bytes(i) == 4;
      const BlockStore function = streams ? table.stream : table.stores[static_cast<int>(stores_[i].dtype)];
      char* to = target(i);
      // Rows of the block follow each other in the result, or lie apart.
      const std::int64_t runs = whole ? 1 : rows;
      const std::int64_t length = whole ? rows * columns : columns;
      const std::int64_t lanes_bytes = length * static_cast<std::int64_t>(lane_bytes(lane_of(stores_[i].dtype)));
      for (std::int64_t r = 0; r < runs; r++) {
        const char* from = values + r * lanes_bytes;
        if (is_part) store_part(stores_[i], function, from, at + r * width, length, static_cast<char*>(outputs[stores_[i].result].pointer));
        else if (from != to + r * width * bytes(i)) function(to + r * width * bytes(i), from, length);
      }
    }
  }

  /** Elements from `at` on of a store whose rows have those of others beside them. */
  static void store_part(const Store& store, BlockStore function, const char* values, std::int64_t at, std::int64_t count, char* result) {
    const std::int64_t end = at + count;
    while (at < end) {
      const std::int64_t row = at / store.row, column = at % store.row;
      const std::int64_t length = std::min(end - at, store.row - column);
      function(result + ((row * store.parts + store.part) * store.row + column) * static_cast<std::int64_t>(bytes_per_element(store.dtype)), values, length);
      values += length * static_cast<std::int64_t>(lane_bytes(lane_of(store.dtype)));
      at += length;
    }
  }

  std::vector<Store> stores_;
  std::size_t length_;
  std::unique_ptr<Sheet> sheet_;
  /** A bit for each of the first stores whose value may be computed in its place: the last value, and earlier ones. */
  std::uint64_t direct_ = 0;
  std::uint64_t early_ = 0;
  bool streams_ = false;
  bool writes_zeros_ = false;
};

/** The reductions of a nest, into arrays with one lane per output element. */
class Reduction {
 public:
  /** `in_parts` says whether parts of its first output loop will be asked for, each whole. */
  Reduction(const Nest& nest, bool in_parts) : accumulators_(nest.accumulators), length_(nest.body.size()) {
    const std::size_t rank = nest.shape.size();
    std::vector<std::int64_t> extents = nest.shape;
    extents.insert(extents.end(), nest.extent.begin(), nest.extent.end());
    outputs_ = product(extents, 0, rank);
    inner_ = product(extents, rank, extents.size());
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

  /** Bytes of the accumulators themselves, and of the partial results besides. */
  std::size_t result_bytes() const { return accumulators_.size() * padded(outputs_ * 8); }
  std::size_t partial_bytes() const { return pieces_ > 1 ? accumulators_.size() * padded(outputs_ * pieces_ * 8) : 0; }

  void* result(void* scratch, std::size_t accumulator) const { return static_cast<char*>(scratch) + accumulator * padded(outputs_ * 8); }

  void run(const Range* inputs, void* scratch) const {
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

  /** Parts [first, last) of the `parts` of the first output loop, on this thread. */
  void run_parts(const Range* inputs, void* scratch, std::int64_t parts, std::int64_t first, std::int64_t last) const {
    run_groups(inputs, scratch, groups_ / parts * first, groups_ / parts * last, false);
  }

 private:
  Lane lane(std::size_t i) const { return lane_of(accumulators_[i].dtype); }
  bool is_parallel() const { return outputs_ * inner_ * static_cast<std::int64_t>(length_) > kSerial; }
  double* partial(void* scratch, std::size_t accumulator) const {
    return reinterpret_cast<double*>(static_cast<char*>(scratch) + result_bytes() + accumulator * padded(outputs_ * pieces_ * 8));
  }

  /** Whether vectors along the innermost output loop read memory in a better order than along the innermost reduction loop. */
  static bool prefers_outputs(const Nest& nest, const std::vector<std::int64_t>& extents) {
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

  /** Long reductions of few outputs are cut, so that there is work for many threads. */
  void choose_pieces(bool cuts) {
    constexpr std::int64_t wanted = 64;
    constexpr std::int64_t least = 16384;  // elements of a piece
    const std::int64_t blocks = along_outputs_ ? groups_ * ceiling(columns_, kBlock) : groups_;
    units_per_group_ = along_outputs_ ? rows_per_group_ : rows_per_group_ > 1 ? rows_per_group_ : inner_;
    cuts_columns_ = !along_outputs_ && rows_per_group_ <= 1;
    if (!cuts || blocks >= wanted || inner_ == 0) return;
    const std::int64_t per_group = along_outputs_ ? inner_ * std::min(columns_, kBlock) : inner_;
    pieces_ = std::max<std::int64_t>(1, std::min({ceiling(wanted, std::max<std::int64_t>(1, blocks)), per_group / least, units_per_group_}));
  }

  void run_groups(const Range* inputs, void* scratch, std::int64_t first, std::int64_t last, bool parallel) const {
    if (along_outputs_) run_along_outputs(inputs, scratch, first, last, parallel);
    else run_along_reduction(inputs, scratch, first, last, parallel);
  }

  void run_along_outputs(const Range* inputs, void* scratch, std::int64_t first_group, std::int64_t last_group, bool parallel) const {
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

  void run_along_reduction(const Range* inputs, void* scratch, std::int64_t first_group, std::int64_t last_group, bool parallel) const {
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

  double reduce_block(SheetWorker& worker, std::size_t i, std::int64_t from, std::int64_t n) const {
    const char* values = static_cast<const char*>(worker.block(accumulators_[i].value)) + from * static_cast<std::int64_t>(lane_bytes(lane(i)));
    return block_table().reductions[static_cast<int>(accumulators_[i].combine)][static_cast<int>(accumulators_[i].dtype)](values, n);
  }

  void merge(void* scratch) const {
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

  /** Whether it is the most common accumulator, for which there are loops without choices. */
  bool sums_floats(std::size_t i) const { return accumulators_[i].combine == Combine::kSum && lane(i) == Lane::kFloat32; }

  /** Results from number `at` on. */
  void write(void* scratch, std::size_t i, std::int64_t at, const double* values, std::int64_t count) const {
    if (sums_floats(i)) {
      float* to = static_cast<float*>(result(scratch, i)) + at;
      for (std::int64_t o = 0; o < count; o++) to[o] = static_cast<float>(values[o]);
    } else {
      for (std::int64_t o = 0; o < count; o++) write_lane(result(scratch, i), at + o, lane(i), values[o]);
    }
  }

  std::vector<Accumulator> accumulators_;
  std::size_t length_;
  std::unique_ptr<Sheet> sheet_;
  bool along_outputs_ = false;
  bool cuts_columns_ = false;
  std::int64_t outputs_ = 1;
  std::int64_t inner_ = 1;
  std::int64_t columns_ = 1;
  std::int64_t groups_ = 1;
  std::int64_t rows_per_group_ = 1;
  std::int64_t units_per_group_ = 1;
  std::int64_t pieces_ = 1;
};

class NestKernel final : public PartedKernel {
 public:
  /** With the output loop that it will be parted along, or -1. */
  NestKernel(const Nest& nest, int loop)
      : shape_(nest.shape), loop_(loop), elementwise_(nest.reduces ? nest.epilogue : nest.body, nest.shape, nest.stores) {
    inputs_ = nest.inputs.size();
    for (std::size_t i = 0; i < inputs_; i++) bytes_.push_back(static_cast<std::size_t>(nest.touched[i]) * bytes_per_element(nest.inputs[i]));
    const std::int64_t outputs = product(nest.shape, 0, nest.shape.size());
    int results = 0;
    for (const Store& store : nest.stores) results = std::max(results, store.result + 1);
    bytes_.resize(inputs_ + static_cast<std::size_t>(results));
    for (const Store& store : nest.stores) bytes_[inputs_ + static_cast<std::size_t>(store.result)] = static_cast<std::size_t>(outputs * store.parts) * bytes_per_element(store.dtype);
    if (nest.reduces) {
      reduction_ = std::make_unique<Reduction>(nest, loop >= 0);
      accumulators_ = nest.accumulators.size();
      scratch_bytes_ = reduction_->result_bytes() + reduction_->partial_bytes();
    }
  }

  void run(const Range* buffers, void* scratch) const override {
    if (reduction_) reduction_->run(buffers, scratch);
    elementwise_.run(buffers, buffers + inputs_, finished(scratch).data());
  }

  std::int64_t parts() const override { return shape_[static_cast<std::size_t>(loop_)]; }

  void run_parts(const Range* buffers, void* scratch, std::int64_t first, std::int64_t last) const override {
    const std::size_t loop = static_cast<std::size_t>(loop_);
    if (reduction_) reduction_->run_parts(buffers, scratch, parts(), first, last);
    elementwise_.run_parts(buffers, buffers + inputs_, finished(scratch).data(), shape_, loop, first, last);
  }

 private:
  /** Where the finished accumulators are. */
  std::vector<const void*> finished(void* scratch) const {
    std::vector<const void*> results(accumulators_);
    for (std::size_t i = 0; i < accumulators_; i++) results[i] = reduction_->result(scratch, i);
    return results;
  }

  std::vector<std::int64_t> shape_;
  int loop_;
  std::size_t accumulators_ = 0;
  Elementwise elementwise_;
  std::unique_ptr<Reduction> reduction_;
};

}  // namespace

KernelPointer nest_kernel(Nest nest) { return std::make_shared<NestKernel>(without_single_reduction(std::move(nest)), -1); }

PartedPointer parted_nest(Nest nest, int loop) {
  if (loop < 0 || loop >= static_cast<int>(nest.shape.size()) || (nest.reduces && loop > 0)) throw ArgumentError("native: malformed parts: a nest has no such loop to be parted along.");
  return std::make_shared<NestKernel>(without_single_reduction(std::move(nest)), loop);
}

}  // namespace sconce
