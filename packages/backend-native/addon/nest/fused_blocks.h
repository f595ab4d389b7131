// Several operators on a block as one: a program that is run for a few vectors at a time, from its first step to its last.
//
// Applied one by one, every operator reads its operands from the first-level cache and writes its result back there. Here
// a running value and the outcome of comparisons stay in registers; a value that is read again later is kept in a slot,
// memory for just those few vectors. The results are those of the single operators, bit for bit.
#pragma once

#include <cstdint>

namespace sconce {

/** What a step does with the running value x, its operand y, and the outcome of the last comparisons. */
enum class FusedOperator {
  kStart,   // x = y
  kKeep,    // y = x
  kAdd, kSubtract, kSubtractFrom, kMultiply, kDivide, kDivideInto, kMaximum, kMaximumOf, kMinimum, kMinimumOf, kNegate, kSquare,
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual,
  kElse,    // x where the comparisons held, y elsewhere
  kThen,    // y where the comparisons held, x elsewhere
  kAsk,     // nothing, but y will be read soon: it is asked for
};

struct FusedStep {
  FusedOperator op = FusedOperator::kStart;
  /** Whether y is a single element for the whole block. */
  bool single = false;
  /** Whether y is a slot: used again for the next vectors. Otherwise it is an array as long as the block. */
  bool slot = false;
  /** Whether a comparison must hold together with the one before. */
  bool also = false;
  /** Whether a value is kept past the caches, if aligned. */
  bool streams = false;
  /** y; only kKeep writes there. */
  float* operand = nullptr;
};

/** Elements that are done at a time; blocks had better hold a multiple of them. */
constexpr std::int64_t kFusedElements = 128;

struct FusedTable {
  /** Runs `count` steps on elements 0 to n - 1. */
  void (*run)(const FusedStep* steps, int count, std::int64_t n);
};

const FusedTable& fused_table();

}  // namespace sconce
