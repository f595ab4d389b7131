// An instruction list evaluated over a sheet of rows x columns, block by block.
//
// The innermost loop that is walked makes the columns, all others the rows. A block is a part of one row, or several
// whole rows where these are short, or a tile of both where something is read across the rows; its values sit in memory that fits the first-level cache. Every value is computed
// once for as far as it reaches: constants once, what depends on the column alone once per range of columns, what
// depends on the row alone once per row, and only the rest per element. Of the latter, neighbouring operators on float32 are done as one
// (fused_blocks.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../kernel.h"
#include "blocks.h"
#include "fused_blocks.h"
#include "nest.h"

namespace sconce {

/** Elements of a block, at most. */
constexpr std::int64_t kBlock = 1280;

class Sheet {
 public:
  /** `extents` are those of all loops the list knows; `column` is the loop that makes the columns, or -1. `results` are values that will be asked for; `stores` says that they are stored, perhaps over inputs. */
  Sheet(const std::vector<Instruction>& list, const std::vector<std::int64_t>& extents, std::vector<int> row_loops, int column,
        const std::vector<int>& results, bool stores);

  std::int64_t rows() const { return rows_; }
  std::int64_t width() const { return width_; }
  /** Rows of a block: more than one where a block holds whole rows, or is a tile. */
  std::int64_t block_rows() const { return block_rows_; }
  std::int64_t block_columns() const { return block_columns_; }
  /** Whether a value depends on the column and not on the row. */
  bool has_column_values() const { return !by_column_.empty(); }
  /** Whether its blocks are worth asking for ahead: results follow on what made their operands, while the elements of a reduction may come from long ago. */
  bool asks_ahead() const { return rows_ * width_ >= std::int64_t{1} << (stores_ ? 18 : 15); }
  /** Whether a result can be computed where it is stored: nothing reads it afterwards. `streams` asks whether past the caches, too. */
  bool has_target(int value, bool streams) const {
    const Step& step = steps_[value];
    return step.targeted || (value + 1 == static_cast<int>(steps_.size()) && !(streams && step.program.empty()));
  }
  /** Bytes that a worker needs. */
  std::size_t memory_bytes() const { return memory_bytes_; }

 private:
  friend class SheetWorker;

  /** What a value depends on. */
  enum Reach { kOnce = 0, kRow = 1, kColumn = 2, kElement = 3 };

  /** A step of a program; `operand` is a value, or -1, and `slot` where it is kept for a tile, or -1. */
  struct Link {
    FusedOperator op = FusedOperator::kStart;
    int operand = -1;
    int slot = -1;
    bool also = false;
  };

  struct Step {
    const Instruction* instruction = nullptr;
    Reach reach = kOnce;
    Lane lane = Lane::kFloat32;
    BlockOperator function = nullptr;  // of an application
    int operands = 0;
    std::vector<Link> program;   // of the last of several applications that are done as one
    std::vector<int> moving;     // those of its links whose operands lie elsewhere in each block
    std::vector<int> asking;     // those of its links that ask for the next block of a load
    std::vector<int> targets;    // those of its links that keep a value which only its store reads
    std::size_t program_at = 0;  // where its steps are in a worker's memory
    bool absorbed = false;       // an application that a later one's program does
    bool merged = false;         // an application that is made with each choice that depends on it
    bool asked_for = false;      // a load whose next block a program asks for
    bool placed = false;         // a value that is read outside its program
    bool targeted = false;       // a value that a link in `targets` keeps
    std::vector<std::int64_t> row_strides;  // of a load, per row loop
    std::uint64_t row_reads = 0;            // the row loops it depends on, a bit each; the last bit is for all loops from there on
    std::int64_t column_stride = 0;
    bool contiguous = false;     // a load whose elements lie in the order of the sheet
    bool copied = false;         // a load whose source may be written over before its value is asked for
    bool expanded = false;       // a row value that elements need as a block of its own
    std::size_t place = 0;       // where its values are in a worker's memory
    std::size_t expansion = 0;   // where the expanded values are

    /** Whether a load of every element may leave its values where they are, if they lie side by side. */
    bool reads_in_place() const {
      const DType dtype = instruction->dtype;
      const bool as_held = lane_bytes(lane) == bytes_per_element(dtype);
      return reach == kElement && instruction->guard < 0 && as_held && !copied;
    }
    bool is_direct() const { return contiguous && reads_in_place(); }
  };

  void classify(const std::vector<Instruction>& list);
  void choose_functions();
  /** The rows of a block that holds whole rows: whole tiles of vectors if that is possible. */
  std::int64_t rows_of_block() const;
  void find_row_positions();
  class Fuser;
  void fuse(const std::vector<int>& results);
  void merge_comparisons(const std::vector<int>& uses);
  void ask_ahead(std::vector<Link>& program);
  /** Whether a value can be made by a step of a program. */
  bool can_fuse(int at) const;
  std::vector<int> count_uses(const std::vector<int>& results) const;
  /** Gives `visit` all values that a step reads as it is computed. */
  template <class Visit>
  void each_operand(const Step& step, Visit visit) const;
  bool reads_across() const;
  void place_values(const std::vector<int>& results);

  std::vector<Instruction> list_;
  std::vector<std::int64_t> extents_;
  std::vector<int> row_loops_;
  int column_;
  bool stores_;
  std::int64_t rows_ = 1;
  std::int64_t width_ = 1;
  std::int64_t block_rows_ = 1;
  std::int64_t block_columns_ = 1;
  std::vector<Step> steps_;
  /** The steps to compute once, per range of columns, and per block. */
  std::vector<int> once_, by_column_, by_block_;
  std::size_t memory_bytes_ = 0;
  std::size_t values_at_ = 0;
  std::size_t expansions_at_ = 0;
  std::size_t targets_at_ = 0;
  std::size_t next_at_ = 0;
  std::size_t rows_at_ = 0;
  std::size_t turned_at_ = 0;
  std::size_t slots_at_ = 0;
  /** Values that a program keeps for a tile, at most. */
  int slots_ = 0;
  /** Whether the positions of rows along their loops are asked for. */
  bool locates_rows_ = false;
};

template <class Visit>
void Sheet::each_operand(const Step& step, Visit visit) const {
  const Instruction& instruction = *step.instruction;
  if (instruction.kind == Instruction::Kind::kApply) {
    for (int i = 0; i < arity(instruction.op); i++) {
      const Step& operand = steps_[instruction.operands[i]];
      if (operand.merged) each_operand(operand, visit);
      else visit(instruction.operands[i]);
    }
  } else if (instruction.kind == Instruction::Kind::kLoad) {
    if (instruction.guard >= 0) visit(instruction.guard);
    if (instruction.computed) visit(instruction.operands[0]);
  }
}

}  // namespace sconce
