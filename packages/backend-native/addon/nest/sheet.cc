#include "sheet.h"

#include <algorithm>
#include <numeric>

#include "../sizes.h"

namespace sconce {

Sheet::Sheet(const std::vector<Instruction>& list, const std::vector<std::int64_t>& extents, std::vector<int> row_loops, int column,
             const std::vector<int>& results, bool stores)
    : list_(list), extents_(extents), row_loops_(std::move(row_loops)), column_(column), stores_(stores) {
  for (const int loop : row_loops_) rows_ *= extents_[loop];
  if (column_ >= 0) width_ = extents_[column_];
  // Blocks of about one size, in whole vectors: a short one at the end of each row would cost as much as a long one.
  const std::int64_t column_blocks = std::max<std::int64_t>(1, (width_ + kBlock - 1) / kBlock);
  block_columns_ = column_blocks == 1 ? std::max<std::int64_t>(1, width_) : ((width_ + column_blocks - 1) / column_blocks + kFusedElements - 1) / kFusedElements * kFusedElements;
  block_rows_ = width_ >= kBlock || width_ == 0 ? 1 : std::max<std::int64_t>(1, std::min(rows_, rows_of_block()));
  classify(list_);
  constexpr std::int64_t tile = 32;
  if (stores && reads_across() && width_ >= tile) {
    block_columns_ = tile;
    block_rows_ = std::min(rows_, kBlock / tile);
  }
  fuse(results);
  choose_functions();
  place_values(results);
  for (const int result : results) steps_[result].copied = stores && results.size() > 1;
  find_row_positions();
  const auto reserve = [&](std::size_t bytes) {
    const std::size_t place = memory_bytes_;
    memory_bytes_ += padded(bytes);
    return place;
  };
  values_at_ = reserve(steps_.size() * sizeof(void*));
  expansions_at_ = reserve(steps_.size() * sizeof(void*));
  targets_at_ = reserve(steps_.size() * sizeof(void*));
  next_at_ = reserve(steps_.size() * sizeof(void*));
  rows_at_ = reserve(row_loops_.size() * static_cast<std::size_t>(block_rows_) * 8);
  turned_at_ = reserve(static_cast<std::size_t>(block_rows_ * block_columns_) * 8);
  slots_at_ = reserve(static_cast<std::size_t>(slots_) * kFusedElements * sizeof(float));
  for (Step& step : steps_) step.program_at = reserve(step.program.size() * sizeof(FusedStep));
}

std::int64_t Sheet::rows_of_block() const {
  // Few blocks should be an even number of about one size, so that two threads end together.
  const std::int64_t blocks = (rows_ + kBlock / width_ - 1) / (kBlock / width_);
  const std::int64_t shared = blocks > 1 && blocks < 16 ? blocks + blocks % 2 : blocks;
  const std::int64_t rows = std::max<std::int64_t>(1, std::min(kBlock / width_, (rows_ + shared - 1) / std::max<std::int64_t>(1, shared)));
  const std::int64_t whole = kFusedElements / std::gcd(width_, kFusedElements);
  return rows >= whole ? rows / whole * whole : rows;
}

/** Loads that lie in the order of the sheet need no more than the number of the block's first row. */
void Sheet::find_row_positions() {
  const bool holds_whole_rows = block_columns_ == width_ || block_rows_ == 1;
  for (const Step& step : steps_) {
    const Instruction& instruction = *step.instruction;
    if (!(step.reach & kRow)) continue;
    if (instruction.kind == Instruction::Kind::kIndex) locates_rows_ = true;
    if (instruction.kind != Instruction::Kind::kLoad || instruction.computed) continue;
    locates_rows_ = locates_rows_ || !(holds_whole_rows && step.is_direct());
  }
}

/** Whether neighbours in memory lie in neighbouring rows: then few rows must be done at once, or each cache line is fetched many times. */
bool Sheet::reads_across() const {
  for (const Step& step : steps_) {
    if (step.instruction->kind == Instruction::Kind::kLoad && step.reach == kElement && step.column_stride > 8 && !step.row_strides.empty() && step.row_strides.back() == 1) return true;
  }
  return false;
}

void Sheet::choose_functions() {
  const BlockTable& table = block_table();
  for (std::size_t at = 0; at < steps_.size(); at++) {
    Step& step = steps_[at];
    if (step.absorbed) continue;
    (step.reach == kOnce ? once_ : step.reach == kColumn ? by_column_ : by_block_).push_back(static_cast<int>(at));
    const Instruction& instruction = *step.instruction;
    if (instruction.kind != Instruction::Kind::kApply || !step.program.empty()) continue;
    const int type = static_cast<int>(list_[instruction.operands[instruction.op == Operator::kWhere ? 1 : 0]].dtype);
    step.operands = arity(instruction.op);
    step.function = instruction.op == Operator::kCast ? table.casts[type][static_cast<int>(instruction.dtype)] : table.operators[static_cast<int>(instruction.op)][type];
  }
}

void Sheet::classify(const std::vector<Instruction>& list) {
  for (const Instruction& instruction : list) {
    Step step;
    step.instruction = &instruction;
    step.lane = lane_of(instruction.dtype);
    int reach = kOnce;
    const auto follow = [&](int operand) {
      reach |= steps_[operand].reach;
      step.row_reads |= steps_[operand].row_reads;
    };
    const auto read_row_loop = [&](std::size_t i) { step.row_reads |= std::uint64_t{1} << std::min<std::size_t>(i, 63); };
    switch (instruction.kind) {
      case Instruction::Kind::kConstant:
        break;
      case Instruction::Kind::kIndex:
        reach = instruction.number == column_ ? kColumn : kRow;
        for (std::size_t i = 0; i < row_loops_.size(); i++) {
          if (row_loops_[i] == instruction.number) read_row_loop(i);
        }
        break;
      case Instruction::Kind::kAccumulator:
        reach = kElement;
        break;
      case Instruction::Kind::kApply:
        for (int i = 0; i < arity(instruction.op); i++) follow(instruction.operands[i]);
        break;
      case Instruction::Kind::kLoad: {
        if (instruction.guard >= 0) follow(instruction.guard);
        if (instruction.computed) {
          follow(instruction.operands[0]);
          break;
        }
        bool in_order = true;
        std::int64_t expected = width_;
        step.row_strides.resize(row_loops_.size());
        for (std::size_t i = row_loops_.size(); i-- > 0;) {
          const int loop = row_loops_[i];
          const std::int64_t stride = extents_[loop] > 1 ? instruction.strides[loop] : 0;
          step.row_strides[i] = stride;
          if (stride != 0) {
            reach |= kRow;
            read_row_loop(i);
          }
          if (extents_[loop] > 1 && stride != expected) in_order = false;
          expected *= extents_[loop];
        }
        if (column_ >= 0 && width_ > 1) step.column_stride = instruction.strides[column_];
        if (step.column_stride != 0) reach |= kColumn;
        if (width_ > 1 && step.column_stride != 1) in_order = false;
        step.contiguous = in_order;
        break;
      }
    }
    // In a single row, columns are elements.
    if (rows_ == 1 && (reach & kColumn)) reach = kElement;
    step.reach = static_cast<Reach>(reach);
    steps_.push_back(std::move(step));
  }
}

void Sheet::place_values(const std::vector<int>& results) {
  const std::int64_t elements = block_rows_ * block_columns_;
  const auto reserve = [&](std::int64_t count) {
    const std::size_t place = memory_bytes_;
    memory_bytes_ += padded(static_cast<std::size_t>(count) * 8);
    return place;
  };
  // When a value of every element is read for the last time, its place is free again.
  std::vector<std::size_t> last(steps_.size(), 0);
  const auto each_read = [&](const Step& step, auto visit) {
    if (step.absorbed) return;
    if (step.program.empty()) each_operand(step, visit);
    for (const Link& link : step.program) {
      if (link.op != FusedOperator::kKeep && link.operand >= 0 && link.slot < 0) visit(link.operand);
    }
  };
  for (std::size_t at = 0; at < steps_.size(); at++) {
    each_read(steps_[at], [&](int operand) {
      last[operand] = at;
      if (steps_[at].reach == kElement && steps_[operand].reach == kRow) steps_[operand].expanded = true;
    });
  }
  for (const int result : results) {
    last[result] = steps_.size();
    if (steps_[result].reach == kRow) steps_[result].expanded = true;
  }
  std::vector<std::size_t> free;
  for (std::size_t at = 0; at < steps_.size(); at++) {
    Step& step = steps_[at];
    if (step.absorbed) {
      // Written before the last operand is read: not over one of them.
      if (step.placed && !step.merged) step.place = reserve(elements);
      continue;
    }
    if (step.reach == kOnce) step.place = reserve(1);
    else if (step.reach == kRow) step.place = reserve(block_rows_);
    else if (step.reach == kColumn) step.place = reserve(elements);
    else {
      // An operator may write over an operand of its own width that dies here, element by element; a load may not.
      const bool applies = step.instruction->kind == Instruction::Kind::kApply;
      const auto release = [&](bool before) {
        each_read(step, [&](int operand) {
          const Step& source = steps_[operand];
          if (last[operand] != at || source.reach != kElement) return;
          if (before && !(applies && lane_bytes(source.lane) == lane_bytes(step.lane))) return;
          free.push_back(source.place);
          last[operand] = steps_.size() + 1;
        });
      };
      release(true);
      if (free.empty()) step.place = reserve(elements);
      else {
        step.place = free.back();
        free.pop_back();
      }
      release(false);
    }
    if (step.expanded) step.expansion = reserve(elements);
  }
  for (const int result : results) {
    if (steps_[result].reach == kOnce) steps_[result].expansion = reserve(elements);
  }
}

}  // namespace sconce
