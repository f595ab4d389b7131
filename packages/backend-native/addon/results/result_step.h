// What is done to results before they are stored, step by step, or the usual steps at once.
#pragma once

#include <cstddef>

namespace sconce {

struct ResultStep {
  enum Kind { kRelu, kLinear, kClip, kSquare, kAdd, kMultiply, kSubtract, kMaximum, kMinimum };
  Kind kind;
  float alpha, beta;
  /** An operand: one value per channel, or, with `elements`, as many as there are results. */
  const float* operand;
  bool elements;
};

/** Results are multiplied by a scale, get a shift and an addend, and are limited, each where given; then come other steps. */
struct ResultChain {
  const float* scale = nullptr;   // one value per channel
  const float* shift = nullptr;   // one value per channel
  const float* addend = nullptr;  // one value per result
  bool has_limits = false;
  float low = 0, high = 0;
  const ResultStep* others = nullptr;
  std::size_t count = 0;
};

}  // namespace sconce
