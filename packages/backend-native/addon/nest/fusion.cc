// Finds operators on float32 elements that are done together (fused_blocks.h), and writes their programs.
//
// Values are made in the order of the list. An operator takes the value just made as the running one if it reads it, and
// its other operand from memory; what is read again later is kept. A comparison that only chooses between values is made
// where they are chosen, or before if what it compares is the running value then. Of choices inside each other that lead
// to the same other value, all comparisons are made first.
#include <algorithm>

#include "sheet.h"

namespace sconce {
namespace {

/** Operators of a program, at most: what they keep should stay in the first-level cache. */
constexpr std::size_t kMostFused = 48;

/** The step that a binary operator is, with the running value as its operand number `place`. */
FusedOperator fused_operator(Operator op, int place) {
  const auto either = [&](FusedOperator first, FusedOperator second) { return place == 0 ? first : second; };
  switch (op) {
    case Operator::kAdd: return FusedOperator::kAdd;
    case Operator::kSubtract: return either(FusedOperator::kSubtract, FusedOperator::kSubtractFrom);
    case Operator::kMultiply: return FusedOperator::kMultiply;
    case Operator::kDivide: return either(FusedOperator::kDivide, FusedOperator::kDivideInto);
    case Operator::kMaximum: return either(FusedOperator::kMaximum, FusedOperator::kMaximumOf);
    case Operator::kMinimum: return either(FusedOperator::kMinimum, FusedOperator::kMinimumOf);
    case Operator::kEqual: return FusedOperator::kEqual;
    case Operator::kNotEqual: return FusedOperator::kNotEqual;
    case Operator::kLess: return either(FusedOperator::kLess, FusedOperator::kGreater);
    case Operator::kLessEqual: return either(FusedOperator::kLessEqual, FusedOperator::kGreaterEqual);
    case Operator::kGreater: return either(FusedOperator::kGreater, FusedOperator::kLess);
    case Operator::kGreaterEqual: return either(FusedOperator::kGreaterEqual, FusedOperator::kLessEqual);
    default: return FusedOperator::kNegate;
  }
}

bool is_arithmetic(Operator op) {
  return (op >= Operator::kAdd && op <= Operator::kDivide) || op == Operator::kMaximum || op == Operator::kMinimum || op == Operator::kNegate;
}

bool is_comparison(Operator op) { return op >= Operator::kEqual && op <= Operator::kGreaterEqual; }

}  // namespace

/** Writes the program of some operators. Twice: the first time shows what must be kept. */
class Sheet::Fuser {
 public:
  Fuser(Sheet& sheet, const std::vector<int>& members) : sheet_(sheet), members_(members), read_(sheet.steps_.size(), false) {}

  /** The program; values with a place of their own are kept there, others in slots. */
  std::vector<Link> write() {
    for (int pass = 0; pass < 2; pass++) {
      kept_ = read_;
      slots_.assign(kept_.size(), -1);
      used_slots_ = 0;
      running_ = compared_ = -1;
      links_.clear();
      for (std::size_t i = 0; i < members_.size(); i++) {
        const int at = members_[i];
        if (sheet_.steps_[at].merged) continue;
        make(at);
        running_ = at;
        if (at == members_.back()) continue;
        compare_early(i);
        if (!sheet_.steps_[at].placed && kept_[at]) slots_[at] = used_slots_++;
        if (sheet_.steps_[at].placed || kept_[at]) links_.push_back({FusedOperator::kKeep, at, slots_[at], false});
      }
      links_.push_back({FusedOperator::kKeep, members_.back(), -1, false});
    }
    return std::move(links_);
  }

  int slots() const { return used_slots_; }

 private:
  const Instruction& instruction(int at) const { return *sheet_.steps_[at].instruction; }

  void apply(FusedOperator op, int operand, bool also = false) {
    read_[operand] = true;
    links_.push_back({op, operand, slots_[operand], also});
  }

  void start(int value) {
    if (running_ != value) apply(FusedOperator::kStart, value);
    running_ = value;
  }

  void make(int at) {
    const Instruction& made = instruction(at);
    const int a = made.operands[0];
    const int b = made.operands[1];
    if (made.op == Operator::kWhere) {
      choose(at);
    } else if (made.op == Operator::kNegate || (made.op == Operator::kMultiply && a == b)) {
      start(a);
      links_.push_back({made.op == Operator::kNegate ? FusedOperator::kNegate : FusedOperator::kSquare, -1, -1, false});
    } else {
      combine(made, false);
    }
  }

  /** A step of two operands, of which one is the running value if it can be. */
  void combine(const Instruction& made, bool also) {
    const int place = running_ == made.operands[1] ? 1 : 0;
    start(made.operands[place]);
    apply(fused_operator(made.op, place), made.operands[1 - place], also);
  }

  /** Gives `visit` the comparisons on which a choice depends; the result is the value where all of them hold. */
  template <class Visit>
  int each_comparison(int choice, Visit visit) const {
    int yes = choice;
    do {
      visit(instruction(instruction(yes).operands[0]));
      yes = instruction(yes).operands[1];
    } while (sheet_.steps_[yes].merged);
    return yes;
  }

  int compare(int choice) {
    bool also = false;
    compared_ = choice;
    return each_comparison(choice, [&](const Instruction& comparison) {
      combine(comparison, also);
      also = true;
    });
  }

  /** Makes the comparisons of the next choice if all of them are of the running value with values that are there. */
  void compare_early(std::size_t i) {
    const auto is_choice = [&](int at) { return instruction(at).op == Operator::kWhere && !sheet_.steps_[at].merged; };
    const auto next = std::find_if(members_.begin() + static_cast<std::ptrdiff_t>(i) + 1, members_.end(), is_choice);
    if (next == members_.end() || compared_ == *next) return;
    const int made = running_;
    bool all = true;
    each_comparison(*next, [&](const Instruction& comparison) {
      const int* pair = comparison.operands;
      const int other = pair[0] == made ? pair[1] : pair[0];
      const bool is_made = other < made || std::find(members_.begin(), members_.end(), other) == members_.end();
      all = all && (pair[0] == made || pair[1] == made) && other != made && is_made;
    });
    if (all) compare(*next);
  }

  void choose(int at) {
    const int yes = compared_ == at ? each_comparison(at, [](const Instruction&) {}) : compare(at);
    const int no = instruction(at).operands[2];
    if (running_ == no) {
      apply(FusedOperator::kThen, yes);
    } else {
      start(yes);
      apply(FusedOperator::kElse, no);
    }
  }

  Sheet& sheet_;
  const std::vector<int>& members_;
  std::vector<bool> read_, kept_;
  std::vector<int> slots_;
  int used_slots_ = 0;
  int running_ = -1;
  /** The choice whose comparisons were made last. */
  int compared_ = -1;
  std::vector<Link> links_;
};

/** How often each value is read, results once more. */
std::vector<int> Sheet::count_uses(const std::vector<int>& results) const {
  std::vector<int> uses(steps_.size(), 0);
  for (const Step& step : steps_) each_operand(step, [&](int operand) { uses[operand]++; });
  for (const int result : results) uses[result]++;
  return uses;
}

/** Finds the comparisons of float32 elements that do nothing but choose among float32 values. */
void Sheet::merge_comparisons(const std::vector<int>& uses) {
  std::vector<int> choices(steps_.size(), 0);
  for (const Instruction& instruction : list_) {
    if (instruction.kind == Instruction::Kind::kApply && instruction.op == Operator::kWhere && instruction.dtype == DType::kFloat32) choices[instruction.operands[0]]++;
  }
  for (std::size_t at = 0; at < steps_.size(); at++) {
    const Instruction& instruction = list_[at];
    const bool compares = instruction.kind == Instruction::Kind::kApply && is_comparison(instruction.op) && list_[instruction.operands[0]].dtype == DType::kFloat32;
    steps_[at].merged = steps_[at].absorbed = compares && steps_[at].reach == kElement && choices[at] == uses[at];
  }
}

bool Sheet::can_fuse(int at) const {
  const Instruction& instruction = list_[at];
  if (steps_[at].reach != kElement || instruction.kind != Instruction::Kind::kApply || instruction.dtype != DType::kFloat32) return false;
  return instruction.op == Operator::kWhere ? steps_[instruction.operands[0]].merged : is_arithmetic(instruction.op);
}

/** Where a program is the first to read a load, it asks for what the load will find for the next block. */
void Sheet::ask_ahead(std::vector<Link>& program) {
  std::vector<Link> links;
  for (const Link& link : program) {
    const bool reads = link.op != FusedOperator::kKeep && link.slot < 0 && link.operand >= 0;
    if (reads && list_[link.operand].kind == Instruction::Kind::kLoad && steps_[link.operand].reads_in_place() && !steps_[link.operand].asked_for) {
      steps_[link.operand].asked_for = true;
      links.push_back({FusedOperator::kAsk, link.operand, -1, false});
    }
    links.push_back(link);
  }
  program = std::move(links);
}

/** Operators that follow each other make a program, as long as nothing else that comes between them reads what they make. */
void Sheet::fuse(const std::vector<int>& results) {
  merge_comparisons(count_uses(results));
  std::vector<std::vector<int>> programs(1);
  std::vector<int> program_of(steps_.size(), -1);
  for (std::size_t at = 0; at < steps_.size(); at++) {
    if (steps_[at].merged) continue;
    const int open = static_cast<int>(programs.size()) - 1;
    const bool fuses = can_fuse(static_cast<int>(at));
    bool reads = false;
    each_operand(steps_[at], [&](int operand) { reads = reads || program_of[operand] == open; });
    if (fuses ? programs.back().size() == kMostFused : reads) programs.emplace_back();
    if (!fuses) continue;
    program_of[at] = static_cast<int>(programs.size()) - 1;
    programs.back().push_back(static_cast<int>(at));
  }
  for (std::size_t at = 0; at < steps_.size(); at++) {
    if (steps_[at].merged) continue;
    each_operand(steps_[at], [&](int operand) {
      if (program_of[at] < 0 || program_of[operand] != program_of[at]) steps_[operand].placed = true;
    });
  }
  std::vector<bool> only_stored(steps_.size(), false);
  for (const int result : results) {
    only_stored[result] = !steps_[result].placed || only_stored[result];
    steps_[result].placed = true;
  }
  const std::vector<int> uses = count_uses(results);
  for (const std::vector<int>& members : programs) {
    if (members.empty()) continue;
    for (const int at : members) {
      steps_[at].absorbed = at != members.back();
      const Instruction& choice = list_[at];
      if (choice.op != Operator::kWhere) continue;
      const int inner = choice.operands[1];
      const bool inside = program_of[inner] == program_of[at] && uses[inner] == 1;
      if (inside && list_[inner].op == Operator::kWhere && list_[inner].operands[2] == choice.operands[2]) steps_[inner].merged = true;
    }
    Fuser fuser(*this, members);
    Step& last = steps_[members.back()];
    last.program = fuser.write();
    // Little by little only where the program is most of the work on a block.
    if (asks_ahead() && members.back() + 1 == static_cast<int>(steps_.size())) ask_ahead(last.program);
    slots_ = std::max(slots_, fuser.slots());
    for (std::size_t i = 0; i < last.program.size(); i++) {
      const Link& link = last.program[i];
      if (link.op == FusedOperator::kAsk) {
        last.asking.push_back(static_cast<int>(i));
        continue;
      }
      if (link.op != FusedOperator::kKeep && link.slot < 0 && link.operand >= 0 && steps_[link.operand].reach == kElement) last.moving.push_back(static_cast<int>(i));
      const auto reads = [&](const Link& other) { return other.op != FusedOperator::kKeep && other.slot < 0 && other.operand == link.operand; };
      if (link.op != FusedOperator::kKeep || link.operand == members.back() || link.slot >= 0 || !only_stored[link.operand]) continue;
      if (std::any_of(last.program.begin(), last.program.end(), reads)) continue;
      last.targets.push_back(static_cast<int>(i));
      steps_[link.operand].targeted = true;
    }
  }
}

}  // namespace sconce
