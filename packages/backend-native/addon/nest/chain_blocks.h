// Chains of operators on blocks: one value is changed step by step, and each step's result is read by the next alone.
//
// Applied one by one, every operator reads its operands from the first-level cache and writes its result back there. A
// chain is done for a few vectors at a time, which stay in registers from the first step to the last. The results are
// those of the single operators, bit for bit.
#pragma once

#include <cstdint>

namespace sconce {

/** What a step makes of the running value x and its operand y. */
enum class ChainOperator { kAdd, kSubtract, kSubtractFrom, kMultiply, kDivide, kDivideInto, kMaximum, kMaximumOf, kMinimum, kMinimumOf, kNegate, kSquare };

struct ChainStep {
  ChainOperator op = ChainOperator::kAdd;
  /** Whether y is a single element for the whole block. */
  bool single = false;
  const float* operand = nullptr;
};

/** Steps of a chain, at most. */
constexpr int kLongestChain = 16;

struct ChainTable {
  /** out[i] = the last of `count` steps that begin with start[i], for i < n. `streams` stores past the caches where `out` is aligned. */
  void (*run)(float* out, const float* start, const ChainStep* steps, int count, std::int64_t n, bool streams);
};

const ChainTable& chain_table();

}  // namespace sconce
