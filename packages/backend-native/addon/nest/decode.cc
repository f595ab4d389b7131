#include <algorithm>
#include <limits>
#include <string>

#include "nest.h"

namespace sconce {

std::size_t bytes_per_element(DType dtype) {
  constexpr std::size_t bytes[kDTypes] = {1, 1, 4, 4, 2, 4, 8};
  return bytes[static_cast<int>(dtype)];
}

int arity(Operator op) {
  if (op == Operator::kWhere) return 3;
  if (op <= Operator::kNot || op == Operator::kCast) return 1;
  return 2;
}

namespace {

constexpr std::int64_t kMost = 4096;

DType read_dtype(Reader& reader) { return static_cast<DType>(reader.integer(0, kDTypes - 1)); }

/** The operand types of an operator must be ones that the block operators know. */
void check_operands(const Instruction& instruction, const std::vector<Instruction>& list, Reader& reader) {
  const auto type = [&](int operand) { return list[instruction.operands[operand]].dtype; };
  const Operator op = instruction.op;
  const bool compares = op >= Operator::kEqual && op <= Operator::kGreaterEqual;
  if (op == Operator::kCast) return;
  if (op == Operator::kWhere) {
    if (type(0) != DType::kBool || type(1) != instruction.dtype || type(2) != instruction.dtype) reader.fail("where has operands of the wrong dtypes");
    return;
  }
  if (arity(op) == 2 && type(0) != type(1)) reader.fail("an operator has operands of two dtypes");
  if (compares ? instruction.dtype != DType::kBool : instruction.dtype != type(0)) reader.fail("an operator has a result of the wrong dtype");
  const bool is_float = type(0) >= DType::kFloat16;
  const bool needs_float = (op >= Operator::kFloor && op <= Operator::kErf) || op == Operator::kDivide || op == Operator::kPower;
  const bool needs_integer = op >= Operator::kBitwiseAnd && op <= Operator::kShiftRight;
  const bool needs_bool = op == Operator::kNot || op == Operator::kAnd || op == Operator::kOr;
  if ((needs_float && !is_float) || (needs_integer && is_float) || (needs_bool && type(0) != DType::kBool)) {
    reader.fail("an operator is not defined on the dtype of its operands");
  }
}

std::vector<Instruction> read_list(Reader& reader, const Nest& nest, std::size_t loops, bool in_epilogue) {
  std::vector<Instruction> list(static_cast<std::size_t>(reader.integer(0, kMost)));
  for (std::size_t at = 0; at < list.size(); at++) {
    Instruction& instruction = list[at];
    const auto earlier = [&] {
      if (at == 0) reader.fail("an operand comes before any instruction");
      return static_cast<int>(reader.integer(0, static_cast<std::int64_t>(at) - 1));
    };
    instruction.kind = static_cast<Instruction::Kind>(reader.integer(0, 4));
    switch (instruction.kind) {
      case Instruction::Kind::kConstant:
        instruction.dtype = read_dtype(reader);
        if (instruction.dtype >= DType::kFloat16) instruction.value = reader.number();
        else instruction.value = static_cast<double>(reader.integer(std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::uint32_t>::max()));
        break;
      case Instruction::Kind::kIndex:
        instruction.dtype = DType::kInt32;
        if (loops == 0) reader.fail("an index names a loop where there is none");
        instruction.number = static_cast<int>(reader.integer(0, static_cast<std::int64_t>(loops) - 1));
        break;
      case Instruction::Kind::kAccumulator:
        if (!in_epilogue || nest.accumulators.empty()) reader.fail("an accumulator is used where there is none");
        instruction.number = static_cast<int>(reader.integer(0, static_cast<std::int64_t>(nest.accumulators.size()) - 1));
        instruction.dtype = nest.accumulators[instruction.number].dtype;
        break;
      case Instruction::Kind::kLoad: {
        instruction.dtype = read_dtype(reader);
        if (nest.inputs.empty()) reader.fail("a load names an input where there is none");
        instruction.number = static_cast<int>(reader.integer(0, static_cast<std::int64_t>(nest.inputs.size()) - 1));
        if (nest.inputs[instruction.number] != instruction.dtype) reader.fail("a load has another dtype than its input");
        if (reader.integer(0, 1) == 1) {
          instruction.guard = earlier();
          if (list[instruction.guard].dtype != DType::kBool) reader.fail("a guard is not a bool");
        }
        instruction.computed = reader.integer(0, 1) == 1;
        if (instruction.computed) {
          instruction.operands[0] = earlier();
          if (list[instruction.operands[0]].dtype != DType::kInt32) reader.fail("a computed position is not an int32");
          break;
        }
        instruction.offset = reader.integer(-kMostElements, kMostElements);
        instruction.strides = reader.list(-kMostElements, kMostElements);
        if (instruction.strides.size() != loops) reader.fail("a load has not one stride per loop");
        break;
      }
      case Instruction::Kind::kApply:
        instruction.dtype = read_dtype(reader);
        instruction.op = static_cast<Operator>(reader.integer(0, kOperators - 1));
        for (int i = 0; i < arity(instruction.op); i++) instruction.operands[i] = earlier();
        check_operands(instruction, list, reader);
        break;
    }
  }
  return list;
}

/** Notes how far the affine loads of a list reach. */
void measure(const std::vector<Instruction>& list, const std::vector<std::int64_t>& extents, Nest& nest, Reader& reader) {
  for (const std::int64_t extent : extents) {
    if (extent == 0) return;
  }
  for (const Instruction& instruction : list) {
    if (instruction.kind != Instruction::Kind::kLoad || instruction.computed) continue;
    __int128 lowest = instruction.offset;
    __int128 highest = instruction.offset;
    for (std::size_t loop = 0; loop < extents.size(); loop++) {
      const __int128 reach = static_cast<__int128>(instruction.strides[loop]) * (extents[loop] - 1);
      (reach < 0 ? lowest : highest) += reach;
    }
    // Guarded loads may point anywhere where the guard is false: they are checked as they run, if only their offsets fit.
    const bool guarded = instruction.guard >= 0;
    if (lowest < -4 * static_cast<__int128>(kMostElements) || highest >= (guarded ? 4 : 1) * static_cast<__int128>(kMostElements)) {
      reader.fail("a load reaches too far");
    }
    if (guarded) continue;
    if (lowest < 0) reader.fail("a load reaches before the start of input " + std::to_string(instruction.number));
    nest.touched[instruction.number] = std::max(nest.touched[instruction.number], static_cast<std::int64_t>(highest) + 1);
  }
}

}  // namespace

namespace {

Nest read_nest(Reader& reader) {
  Nest nest;
  nest.shape = reader.list(0, kLargestExtent);
  nest.reduces = reader.integer(0, 1) == 1;
  std::vector<std::int64_t> all = nest.shape;
  if (nest.reduces) {
    nest.extent = reader.list(0, kLargestExtent);
    all.insert(all.end(), nest.extent.begin(), nest.extent.end());
    nest.accumulators.resize(static_cast<std::size_t>(reader.integer(1, kMost)));
    for (Accumulator& accumulator : nest.accumulators) {
      accumulator.value = static_cast<int>(reader.integer(0, kMost));
      accumulator.combine = static_cast<Combine>(reader.integer(0, 3));
      accumulator.dtype = read_dtype(reader);
    }
  }
  reader.elements(all);
  for (const std::int64_t dtype : reader.list(0, kDTypes - 1, 4096)) nest.inputs.push_back(static_cast<DType>(dtype));
  nest.body = read_list(reader, nest, all.size(), false);
  nest.epilogue = read_list(reader, nest, nest.shape.size(), true);
  if (!nest.reduces && !nest.epilogue.empty()) reader.fail("it has an epilogue without a reduction");
  for (const Accumulator& accumulator : nest.accumulators) {
    if (accumulator.value >= static_cast<int>(nest.body.size()) || nest.body[accumulator.value].dtype != accumulator.dtype) {
      reader.fail("an accumulator does not fit the body");
    }
  }
  const std::vector<Instruction>& last = nest.reduces ? nest.epilogue : nest.body;
  nest.stores.resize(static_cast<std::size_t>(reader.integer(1, kMost)));
  for (Store& store : nest.stores) {
    store.result = static_cast<int>(&store - nest.stores.data());
    store.value = static_cast<int>(reader.integer(0, kMost));
    store.dtype = read_dtype(reader);
    if (store.value >= static_cast<int>(last.size()) || last[store.value].dtype != store.dtype) reader.fail("a store does not fit its value");
  }
  nest.touched.assign(nest.inputs.size(), 0);
  measure(nest.body, all, nest, reader);
  measure(nest.epilogue, nest.shape, nest, reader);
  return nest;
}

}  // namespace

Nest decode_nest(Reader& reader) {
  Nest nest = read_nest(reader);
  if (!reader.done()) reader.fail("something follows its end");
  return nest;
}

Nest decode_joined_nest(Reader& reader) {
  Nest nest = read_nest(reader);
  const std::int64_t row = reader.integer(1, kLargestExtent);
  const std::vector<std::int64_t> joined = reader.list(0, static_cast<std::int64_t>(nest.stores.size()) - 1, nest.stores.size());
  if (!reader.done()) reader.fail("something follows its end");
  if (joined.size() < 2) reader.fail("it has nothing to join");
  std::vector<std::int64_t> all = nest.shape;
  if (reader.elements(all) % row != 0) reader.fail("its rows do not fit its shape");
  all.push_back(static_cast<std::int64_t>(joined.size()));
  reader.elements(all);
  for (std::size_t part = 0; part < joined.size(); part++) {
    Store& store = nest.stores[static_cast<std::size_t>(joined[part])];
    if (store.parts > 1 || (part > 0 && store.dtype != nest.stores[static_cast<std::size_t>(joined[0])].dtype)) reader.fail("its joined stores do not fit");
    store.parts = static_cast<std::int64_t>(joined.size());
    store.part = static_cast<std::int64_t>(part);
    store.row = row;
  }
  // Those that are joined make the last result.
  int results = 0;
  for (Store& store : nest.stores) store.result = store.parts > 1 ? -1 : results++;
  for (Store& store : nest.stores) store.result = store.result < 0 ? results : store.result;
  return nest;
}

}  // namespace sconce
