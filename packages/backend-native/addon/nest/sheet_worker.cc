#include "sheet_worker.h"

#include <algorithm>
#include <cstring>

namespace sconce {

SheetWorker::SheetWorker(const Sheet& sheet, const Range* inputs, const void* const* accumulators, void* memory)
    : sheet_(sheet),
      table_(block_table()),
      inputs_(inputs),
      accumulators_(accumulators),
      memory_(static_cast<char*>(memory)),
      values_(reinterpret_cast<const void**>(memory_ + sheet.values_at_)),
      expansions_(reinterpret_cast<const void**>(memory_ + sheet.expansions_at_)),
      targets_(reinterpret_cast<void**>(memory_ + sheet.targets_at_)),
      next_(reinterpret_cast<const void**>(memory_ + sheet.next_at_)),
      rows_at_(reinterpret_cast<std::int64_t*>(memory_ + sheet.rows_at_)) {
  std::fill_n(targets_, sheet.steps_.size(), nullptr);
  if (sheet.rows_ == 0 || sheet.width_ == 0) return;
  column_ = 0;
  columns_ = 1;
  rows_ = 1;
  for (const int at : sheet.once_) {
    const Sheet::Step& step = sheet.steps_[at];
    values_[at] = memory_ + step.place;
    run(step, 1, memory_ + step.place);
  }
  column_ = columns_ = -1;
  rows_ = 0;
}

std::uint64_t SheetWorker::locate_rows(std::int64_t row, std::int64_t rows) {
  std::uint64_t moved = rows == 1 && rows_ == 1 ? 0 : ~std::uint64_t{0};
  if (!sheet_.locates_rows_) {
    if (row != row_) moved = ~std::uint64_t{0};
    row_ = row;
    rows_ = rows;
    return moved;
  }
  const std::size_t loops = sheet_.row_loops_.size();
  const auto place = [&](std::size_t loop, std::int64_t r, std::int64_t index) {
    if (row_index(loop, r) != index) moved |= std::uint64_t{1} << std::min<std::size_t>(loop, 63);
    row_index(loop, r) = index;
  };
  const auto after = [&](std::int64_t from, std::int64_t to) {
    bool carry = true;
    for (std::size_t i = loops; i-- > 0;) {
      const std::int64_t next = row_index(i, from) + (carry ? 1 : 0);
      carry = carry && next == sheet_.extents_[sheet_.row_loops_[i]];
      place(i, to, carry ? 0 : next);
    }
  };
  if (row != row_) {
    if (row == row_ + rows_ && rows_ > 0) {
      after(rows_ - 1, 0);
    } else {
      std::int64_t rest = row;
      for (std::size_t i = loops; i-- > 0;) {
        const std::int64_t extent = sheet_.extents_[sheet_.row_loops_[i]];
        place(i, 0, rest % extent);
        rest /= extent;
      }
    }
  }
  row_ = row;
  rows_ = rows;
  for (std::int64_t r = 1; r < rows; r++) after(r - 1, r);
  return moved;
}

void SheetWorker::evaluate(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns, bool streams) {
  const bool moved = column != column_ || columns != columns_;
  column_ = column;
  columns_ = columns;
  if (moved) {
    // Repeated for as many rows as a block has, so that elements find them at their own place.
    const std::int64_t rows_before = rows_;
    rows_ = sheet_.block_rows_;
    const std::int64_t n = sheet_.block_rows_ * columns;
    for (const int at : sheet_.by_column_) {
      const Sheet::Step& step = sheet_.steps_[at];
      values_[at] = memory_ + step.place;
      run(step, n, memory_ + step.place);
    }
    rows_ = rows_before;
  }
  prepared_ = prepared_ && !moved && rows == rows_;
  // From one single row to the next, what depends on it alone may still be there.
  const std::uint64_t moved_rows = locate_rows(row, rows);
  const std::int64_t n = rows * columns;
  for (const int at : sheet_.by_block_) {
    const Sheet::Step& step = sheet_.steps_[at];
    if (step.reach == Sheet::kRow) {
      if ((step.row_reads & moved_rows) == 0) continue;
      values_[at] = memory_ + step.place;
      columns_ = 1;
      run(step, rows, memory_ + step.place);
      columns_ = columns;
      if (step.expanded && rows > 1) {
        char* out = memory_ + step.expansion;
        const std::size_t bytes = lane_bytes(step.lane);
        for (std::int64_t r = 0; r < rows; r++) {
          // A stride of 0 spreads one lane; int32 and float32 move alike.
          const BlockLoad spread = table_.loads[static_cast<int>(bytes == 8 ? DType::kFloat64 : DType::kInt32)];
          spread(out + r * columns * bytes, memory_ + step.place + r * bytes, 0, columns);
        }
        expansions_[at] = out;
      }
    } else {
      void* out = targets_[at] != nullptr ? targets_[at] : memory_ + step.place;
      values_[at] = out;
      in_element_ = true;
      if (step.program.empty()) run(step, n, out);
      else run_program(step, n, out, streams);
      in_element_ = false;
    }
  }
  prepared_ = true;
}

void SheetWorker::run(const Sheet::Step& step, std::int64_t n, void* out) {
  const Instruction& instruction = *step.instruction;
  const std::size_t at = static_cast<std::size_t>(&step - sheet_.steps_.data());
  switch (instruction.kind) {
    case Instruction::Kind::kConstant:
      if (step.lane == Lane::kFloat64) *static_cast<double*>(out) = instruction.value;
      else if (step.lane == Lane::kFloat32) *static_cast<float*>(out) = static_cast<float>(instruction.value);
      else *static_cast<std::int32_t*>(out) = static_cast<std::int32_t>(static_cast<std::int64_t>(instruction.value));
      return;
    case Instruction::Kind::kIndex: {
      std::int32_t* to = static_cast<std::int32_t*>(out);
      if (instruction.number == sheet_.column_) {
        for (std::int64_t first = 0; first < n; first += columns_) {
          for (std::int64_t c = 0; c < columns_; c++) to[first + c] = static_cast<std::int32_t>(column_ + c);
        }
        return;
      }
      const auto& loops = sheet_.row_loops_;
      const std::size_t loop = static_cast<std::size_t>(std::find(loops.begin(), loops.end(), instruction.number) - loops.begin());
      for (std::int64_t r = 0; r < n; r++) to[r] = static_cast<std::int32_t>(row_index(loop, r));
      return;
    }
    case Instruction::Kind::kAccumulator: {
      const std::int64_t bytes = static_cast<std::int64_t>(lane_bytes(step.lane));
      const char* from = static_cast<const char*>(accumulators_[instruction.number]) + (row_ * sheet_.width_ + column_) * bytes;
      if (is_whole()) {
        values_[at] = from;
      } else {
        for (std::int64_t r = 0; r < rows_; r++) std::memcpy(static_cast<char*>(out) + r * columns_ * bytes, from + r * sheet_.width_ * bytes, static_cast<std::size_t>(columns_ * bytes));
      }
      return;
    }
    case Instruction::Kind::kApply: {
      const void* operands[3] = {nullptr, nullptr, nullptr};
      int uniform = 0;
      for (int i = 0; i < step.operands; i++) {
        const int operand = instruction.operands[i];
        bool single = sheet_.steps_[operand].reach == Sheet::kOnce;
        operands[i] = in_element_ ? operand_of_element(operand, single) : values_[operand];
        if (single) uniform |= 1 << i;
      }
      step.function(out, operands[0], operands[1], operands[2], n, uniform);
      return;
    }
    case Instruction::Kind::kLoad:
      load(step, step.reach == Sheet::kOnce ? 1 : rows_, step.reach == Sheet::kRow || step.reach == Sheet::kOnce ? 1 : columns_, out);
      return;
  }
}

const void* SheetWorker::operand_of_element(int operand, bool& single) const {
  const Sheet::Reach reach = sheet_.steps_[operand].reach;
  single = reach == Sheet::kOnce || (reach == Sheet::kRow && rows_ == 1);
  return reach == Sheet::kRow && rows_ > 1 ? expansions_[operand] : values_[operand];
}

void SheetWorker::prepare_program(const Sheet::Step& step) {
  FusedStep* steps = reinterpret_cast<FusedStep*>(memory_ + step.program_at);
  for (const Sheet::Link& link : step.program) {
    FusedStep next;
    next.op = link.op;
    next.also = link.also;
    next.slot = link.slot >= 0;
    if (next.slot) {
      next.operand = reinterpret_cast<float*>(memory_ + sheet_.slots_at_) + link.slot * kFusedElements;
    } else if (link.op == FusedOperator::kKeep) {
      next.operand = reinterpret_cast<float*>(memory_ + sheet_.steps_[link.operand].place);
      if (link.operand != &step - sheet_.steps_.data()) values_[link.operand] = next.operand;
    } else if (link.operand >= 0) {
      next.operand = const_cast<float*>(static_cast<const float*>(operand_of_element(link.operand, next.single)));
    }
    *steps++ = next;
  }
}

void SheetWorker::run_program(const Sheet::Step& step, std::int64_t n, void* out, bool streams) {
  if (!prepared_) prepare_program(step);
  FusedStep* steps = reinterpret_cast<FusedStep*>(memory_ + step.program_at);
  for (const int at : step.moving) steps[at].operand = const_cast<float*>(static_cast<const float*>(values_[step.program[at].operand]));
  for (const int at : step.asking) steps[at].operand = const_cast<float*>(static_cast<const float*>(next_[step.program[at].operand]));
  for (const int at : step.targets) {
    const int value = step.program[at].operand;
    void* to = targets_[value] != nullptr ? targets_[value] : memory_ + sheet_.steps_[value].place;
    steps[at].operand = static_cast<float*>(to);
    steps[at].streams = streams && to == targets_[value];
    values_[value] = to;
  }
  const int count = static_cast<int>(step.program.size());
  const std::size_t made = static_cast<std::size_t>(&step - sheet_.steps_.data());
  steps[count - 1].operand = static_cast<float*>(out);
  steps[count - 1].streams = streams && out == targets_[made];
  fused_table().run(steps, count, n);
}

void SheetWorker::load(const Sheet::Step& step, std::int64_t rows, std::int64_t columns, void* out) {
  const Instruction& instruction = *step.instruction;
  const Range& input = inputs_[instruction.number];
  const char* base = static_cast<const char*>(input.pointer);
  const std::int64_t element = static_cast<std::int64_t>(bytes_per_element(instruction.dtype));
  const std::int64_t limit = static_cast<std::int64_t>(input.bytes) / element;
  const std::size_t lane = lane_bytes(step.lane);
  const BlockLoad read = table_.loads[static_cast<int>(instruction.dtype)];
  const std::int64_t n = rows * columns;
  const std::size_t at = static_cast<std::size_t>(&step - sheet_.steps_.data());
  // Nothing is worth asking for where elements are copied.
  if (step.asked_for) next_[at] = out;

  // A guard or a computed position says for each element what to read.
  const auto spread = [&](int value, std::int64_t i) {
    const std::int32_t* lanes = static_cast<const std::int32_t*>(values_[value]);
    const Sheet::Reach reach = sheet_.steps_[value].reach;
    if (reach == Sheet::kOnce) return lanes[0];
    if (reach == Sheet::kRow && step.reach != Sheet::kRow) return lanes[i / columns];
    return lanes[i];
  };
  if (instruction.computed) {
    std::memset(out, 0, static_cast<std::size_t>(n) * lane);
    for (std::int64_t i = 0; i < n; i++) {
      if (instruction.guard >= 0 && spread(instruction.guard, i) == 0) continue;
      const std::int64_t position = spread(instruction.operands[0], i);
      if (position >= 0 && position < limit) read(static_cast<char*>(out) + i * lane, base + position * element, 0, 1);
    }
    return;
  }

  const bool by_row = step.reach & Sheet::kRow;
  const auto offset_of = [&](std::int64_t r) {
    std::int64_t offset = instruction.offset;
    if (step.is_direct() && !sheet_.locates_rows_) return offset + (row_ + r) * sheet_.width_;
    if (by_row) {
      for (std::size_t i = 0; i < step.row_strides.size(); i++) offset += step.row_strides[i] * row_index(i, r);
    }
    return offset;
  };
  const std::int64_t stride = columns == 1 && step.reach != Sheet::kElement && step.reach != Sheet::kColumn ? 0 : step.column_stride;
  const std::int64_t first = step.reach & Sheet::kColumn ? column_ * step.column_stride : 0;
  if (instruction.guard >= 0) {
    const Sheet::Reach guard_reach = sheet_.steps_[instruction.guard].reach;
    const BlockOperator select = table_.operators[static_cast<int>(Operator::kWhere)][static_cast<int>(instruction.dtype)];
    const double zero = 0;  // in every kind of lane
    for (std::int64_t r = 0; r < rows; r++) {
      const std::int64_t offset = offset_of(r) + first;
      const std::int64_t end_of_row = offset + (columns - 1) * stride;
      char* const to = static_cast<char*>(out) + r * columns * lane;
      if (std::min(offset, end_of_row) >= 0 && std::max(offset, end_of_row) < limit) {
        // All of it may be read, and what the guard refuses is cleared afterwards.
        read(to, base + offset * element, stride, columns);
        const bool single = guard_reach == Sheet::kOnce || (guard_reach == Sheet::kRow && step.reach != Sheet::kRow);
        const std::int32_t* guard = static_cast<const std::int32_t*>(values_[instruction.guard]);
        if (guard_reach != Sheet::kOnce) guard += single ? r : r * columns;
        select(to, guard, to, &zero, columns, single ? 5 : 4);
        continue;
      }
      std::memset(to, 0, static_cast<std::size_t>(columns) * lane);
      for (std::int64_t c = 0; c < columns;) {
        if (spread(instruction.guard, r * columns + c) == 0) {
          c++;
          continue;
        }
        std::int64_t end = c + 1;
        while (end < columns && spread(instruction.guard, r * columns + end) != 0) end++;
        const std::int64_t from = offset + c * stride;
        const std::int64_t last = offset + (end - 1) * stride;
        if (std::min(from, last) >= 0 && std::max(from, last) < limit) read(to + c * lane, base + from * element, stride, end - c);
        c = end;
      }
    }
    return;
  }
  if ((step.is_direct() && is_whole()) || (rows == 1 && step.column_stride == 1 && step.reads_in_place())) {
    const char* from = base + (offset_of(0) + first) * element;
    values_[at] = from;
    // The processor's own prefetching loses its way between blocks.
    if (sheet_.asks_ahead()) {
      const bool follows = expected_row_ < 0;
      const bool in_row = follows && column_ + columns < sheet_.width_;
      const std::int64_t row = !follows ? expected_row_ : in_row ? row_ : row_ + rows;
      const std::int64_t column = !follows ? expected_column_ : in_row ? column_ + columns : 0;
      const char* next = base + (row_offset(step, row) + column) * element;
      // Little by little as a program goes over the block, where one does: so that neither waits for the other.
      if (step.asked_for) next_[at] = next;
      else for (std::int64_t byte = 0; byte < n * element; byte += 64) __builtin_prefetch(next + byte);
    }
    return;
  }
  const bool across = rows > 1 && columns > 1 && stride > 8 && step.row_strides.back() == 1;
  for (std::int64_t r = 0; r < rows;) {
    char* to = static_cast<char*>(out) + r * columns * lane;
    const char* from = base + (offset_of(r) + first) * element;
    std::int64_t run = 1;
    if (across) {
      // Rows that follow each other along the innermost row loop.
      const std::size_t innermost = step.row_strides.size() - 1;
      while (r + run < rows && row_index(innermost, r + run) != 0) run++;
    }
    if (run > 1) load_across(step, from, run, columns, to);
    else read(to, from, stride, columns);
    r += run;
  }
}

std::int64_t SheetWorker::row_offset(const Sheet::Step& step, std::int64_t row) const {
  std::int64_t offset = step.instruction->offset;
  if (step.contiguous) return offset + row * sheet_.width_;
  for (std::size_t i = step.row_strides.size(); i-- > 0;) {
    const std::int64_t extent = sheet_.extents_[sheet_.row_loops_[i]];
    offset += step.row_strides[i] * (row % extent);
    row /= extent;
  }
  return offset;
}

/** Reads columns that lie along neighbouring rows one after the other, and turns them: no cache line is touched twice. */
void SheetWorker::load_across(const Sheet::Step& step, const char* base, std::int64_t rows, std::int64_t columns, void* out) {
  const std::int64_t element = static_cast<std::int64_t>(bytes_per_element(step.instruction->dtype));
  const std::int64_t lane = static_cast<std::int64_t>(lane_bytes(step.lane));
  const BlockLoad read = table_.loads[static_cast<int>(step.instruction->dtype)];
  const BlockLoad turn = table_.loads[static_cast<int>(lane == 8 ? DType::kFloat64 : DType::kInt32)];
  char* turned = memory_ + sheet_.turned_at_;
  for (std::int64_t c = 0; c < columns; c++) read(turned + c * rows * lane, base + c * step.column_stride * element, 1, rows);
  for (std::int64_t r = 0; r < rows; r++) turn(static_cast<char*>(out) + r * columns * lane, turned + r * lane, rows, columns);
}

const void* SheetWorker::block(int value) {
  const Sheet::Step& step = sheet_.steps_[value];
  if (step.reach == Sheet::kElement || step.reach == Sheet::kColumn) return values_[value];
  if (step.reach == Sheet::kRow && rows_ > 1) return expansions_[value];
  char* out = memory_ + step.expansion;
  const BlockLoad spread = table_.loads[static_cast<int>(lane_bytes(step.lane) == 8 ? DType::kFloat64 : DType::kInt32)];
  spread(out, values_[value], 0, rows_ * columns_);
  return out;
}

}  // namespace sconce
