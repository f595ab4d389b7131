#include "single.h"

#include <algorithm>

namespace sconce {

Nest without_single_reduction(Nest nest) {
  if (!nest.reduces || std::any_of(nest.extent.begin(), nest.extent.end(), [](std::int64_t extent) { return extent != 1; })) return nest;
  const int loops = static_cast<int>(nest.shape.size());
  std::vector<Instruction> list = std::move(nest.body);
  // The only position along a loop of the reduction is 0.
  for (Instruction& instruction : list) {
    if (instruction.kind == Instruction::Kind::kIndex && instruction.number >= loops) instruction.kind = Instruction::Kind::kConstant;
  }
  // Where each value of the epilogue is found; those of accumulators are the accumulated ones.
  std::vector<int> places;
  for (Instruction& instruction : nest.epilogue) {
    if (instruction.kind == Instruction::Kind::kAccumulator) {
      places.push_back(nest.accumulators[instruction.number].value);
      continue;
    }
    if (instruction.guard >= 0) instruction.guard = places[instruction.guard];
    for (int& operand : instruction.operands) operand = operand < 0 ? operand : places[operand];
    places.push_back(static_cast<int>(list.size()));
    list.push_back(std::move(instruction));
  }
  for (Store& store : nest.stores) store.value = places[store.value];
  nest.body = std::move(list);
  nest.epilogue.clear();
  nest.accumulators.clear();
  nest.extent.clear();
  nest.reduces = false;
  return nest;
}

}  // namespace sconce
