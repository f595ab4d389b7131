// One step of what is done to results before they are stored.
#pragma once

namespace sconce {

struct ResultStep {
  enum Kind { kRelu, kLinear, kClip, kSquare, kAdd, kMultiply, kSubtract, kMaximum, kMinimum };
  Kind kind;
  float alpha, beta;
  /** An operand: one value per channel, or, with `elements`, as many as there are results. */
  const float* operand;
  bool elements;
};

}  // namespace sconce
