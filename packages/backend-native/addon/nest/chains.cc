// Finds the chains of a sheet: of two values of which one is only read to make the other, the first needs no memory.
#include "sheet.h"

namespace sconce {
namespace {

/** The step that an operator on float32 is in a chain with the running value as its operand number `place`, if it is one. */
bool chain_operator(const Instruction& instruction, int place, ChainOperator& found) {
  const auto either = [&](ChainOperator first, ChainOperator second) {
    found = place == 0 ? first : second;
    return true;
  };
  switch (instruction.op) {
    case Operator::kAdd: return either(ChainOperator::kAdd, ChainOperator::kAdd);
    case Operator::kSubtract: return either(ChainOperator::kSubtract, ChainOperator::kSubtractFrom);
    case Operator::kMultiply: return either(ChainOperator::kMultiply, ChainOperator::kMultiply);
    case Operator::kDivide: return either(ChainOperator::kDivide, ChainOperator::kDivideInto);
    case Operator::kMaximum: return either(ChainOperator::kMaximum, ChainOperator::kMaximumOf);
    case Operator::kMinimum: return either(ChainOperator::kMinimum, ChainOperator::kMinimumOf);
    case Operator::kNegate: return either(ChainOperator::kNegate, ChainOperator::kNegate);
    default: return false;
  }
}

}  // namespace

/** Values of every element that one operator alone reads become parts of its chain. */
void Sheet::find_chains(const std::vector<int>& results) {
  std::vector<int> uses(steps_.size(), 0);
  for (const Instruction& instruction : list_) {
    if (instruction.kind == Instruction::Kind::kApply) {
      for (int i = 0; i < arity(instruction.op); i++) uses[instruction.operands[i]]++;
    } else if (instruction.kind == Instruction::Kind::kLoad) {
      if (instruction.guard >= 0) uses[instruction.guard]++;
      if (instruction.computed) uses[instruction.operands[0]]++;
    }
  }
  for (const int result : results) uses[result]++;
  for (std::size_t at = 0; at < steps_.size(); at++) join_chain(static_cast<int>(at), uses);
}

/** Makes step `at` the end of a chain if it can be one: of the chain of an operand, the longer where there are two, or of its own. */
void Sheet::join_chain(int at, const std::vector<int>& uses) {
  Step& step = steps_[at];
  const Instruction& instruction = *step.instruction;
  if (step.reach != kElement || instruction.kind != Instruction::Kind::kApply || instruction.dtype != DType::kFloat32) return;
  const bool squares = instruction.op == Operator::kMultiply && instruction.operands[0] == instruction.operands[1];
  int running = -1;
  std::size_t longest = 0;
  for (int i = 0; i < arity(instruction.op); i++) {
    const int operand = instruction.operands[i];
    const Step& source = steps_[operand];
    if (source.reach != kElement) continue;
    const bool joins = uses[operand] == (squares ? 2 : 1) && source.chain.size() < kLongestChain;
    const std::size_t length = joins ? source.chain.size() : 0;
    if (running < 0 || length > longest) running = i, longest = length;
  }
  Link link;
  if (running < 0 || !chain_operator(instruction, running, link.op)) return;
  const int operand = instruction.operands[running];
  if (squares) link.op = ChainOperator::kSquare;
  else if (arity(instruction.op) == 2) link.operand = instruction.operands[1 - running];
  Step& source = steps_[operand];
  step.start = operand;
  if (longest > 0) {
    source.absorbed = true;
    step.start = source.start;
    step.chain = std::move(source.chain);
    source.chain.clear();
  }
  step.chain.push_back(link);
}

}  // namespace sconce
