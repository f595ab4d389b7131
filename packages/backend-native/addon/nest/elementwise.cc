#include "elementwise.h"

#include <algorithm>
#include <cmath>

#include "../team.h"
#include "../thread_memory.h"
#include "loops.h"

namespace sconce {
namespace {

/** Results of at least this many bytes are stored past the caches: whoever reads them would not find them there anyway. */
constexpr std::int64_t kStreamed = std::int64_t{16} << 20;

}  // namespace

Elementwise::Elementwise(const std::vector<Instruction>& list, const std::vector<std::int64_t>& shape, const std::vector<Store>& stores)
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

void Elementwise::run(const Range* inputs, const Range* outputs, const void* const* accumulators) const {
  const Sheet& sheet = *sheet_;
  const std::int64_t total = sheet.rows() * sheet.width();
  if (total == 0) return;
  // Zeros that are there already stay: the system has given no memory for them yet.
  if (writes_zeros_ && std::all_of(stores_.begin(), stores_.end(), [&](const Store& store) { return outputs[store.result].holds_zeros; })) return;
  const Area all = {0, sheet.rows(), 0, sheet.width()};
  const std::uint64_t direct = direct_stores(inputs, outputs);
  parallel_ranges(count_blocks(all), total * static_cast<std::int64_t>(length_) > kSerial, [&](std::int64_t first, std::int64_t last) {
    SheetWorker worker(sheet, inputs, accumulators, thread_memory(sheet.memory_bytes()));
    for (std::int64_t block = first; block < last; block++) store(worker, outputs, direct, area_of_block(all, block));
    if (streams_) finish_streams();
  });
}

void Elementwise::run_parts(const Range* inputs, const Range* outputs, const void* const* accumulators, const std::vector<std::int64_t>& shape, std::size_t loop, std::int64_t first, std::int64_t last) const {
  const Sheet& sheet = *sheet_;
  if (sheet.rows() * sheet.width() == 0) return;
  SheetWorker worker(sheet, inputs, accumulators, thread_memory(sheet.memory_bytes()));
  const std::uint64_t direct = direct_stores(inputs, outputs);
  const bool is_column = loop + 1 == shape.size();
  const std::int64_t outer = is_column ? 1 : product_of(shape, 0, loop);
  const std::int64_t inner = is_column ? 1 : product_of(shape, loop + 1, shape.size() - 1);
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

std::uint64_t Elementwise::direct_stores(const Range* inputs, const Range* outputs) const {
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

Elementwise::Area Elementwise::area_of_block(const Area& area, std::int64_t block) const {
  // What depends on the column alone is computed once per block where column blocks are outside; otherwise memory is walked in its order.
  const bool by_columns = sheet_->has_column_values() && area.rows > column_blocks(area);
  const std::int64_t column = (by_columns ? block / row_blocks(area) : block % column_blocks(area)) * sheet_->block_columns();
  const std::int64_t row = (by_columns ? block % row_blocks(area) : block / column_blocks(area)) * sheet_->block_rows();
  const std::int64_t rows = std::min(sheet_->block_rows(), area.rows - row);
  const std::int64_t columns = std::min(sheet_->block_columns(), area.columns - column);
  return {area.row + row, rows, area.column + column, columns};
}

void Elementwise::store(SheetWorker& worker, const Range* outputs, std::uint64_t direct, const Area& block) const {
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

void Elementwise::store_part(const Store& store, BlockStore function, const char* values, std::int64_t at, std::int64_t count, char* result) {
  const std::int64_t end = at + count;
  while (at < end) {
    const std::int64_t row = at / store.row, column = at % store.row;
    const std::int64_t length = std::min(end - at, store.row - column);
    function(result + ((row * store.parts + store.part) * store.row + column) * static_cast<std::int64_t>(bytes_per_element(store.dtype)), values, length);
    values += length * static_cast<std::int64_t>(lane_bytes(lane_of(store.dtype)));
    at += length;
  }
}

}  // namespace sconce
