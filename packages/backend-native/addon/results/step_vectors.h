// A step of what is done to results, on a vector of channels; included where vectors are known (see instruction_sets.h).
#pragma once

#include <cstdint>

#include "../vectors.h"
#include "result_step.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using Floats = VectorOf<float>::Type;
constexpr std::int64_t kFloatLanes = VectorOf<float>::kLanes;

inline Floats load(const float* from) { return *reinterpret_cast<const Floats*>(from); }
inline void store(float* to, Floats value) { *reinterpret_cast<Floats*>(to) = value; }

/** The same value in every lane. */
inline Floats repeated(float value) { return value - Floats{}; }

/** The larger one; a NaN in the first stays. */
inline Floats at_least(Floats value, Floats low) { return low > value ? low : value; }
inline Floats at_most(Floats value, Floats high) { return high < value ? high : value; }

/** One step on a value, with `operand()`. */
template <class Operand>
inline Floats apply(const ResultStep& step, Floats value, const Operand& operand) {
  switch (step.kind) {
    case ResultStep::kRelu: return value > 0 ? value : step.alpha * value;
    case ResultStep::kLinear: return step.alpha * value + step.beta;
    case ResultStep::kClip: return at_most(at_least(value, repeated(step.alpha)), repeated(step.beta));
    case ResultStep::kSquare: return value * value;
    case ResultStep::kAdd: return value + operand();
    case ResultStep::kMultiply: return value * operand();
    case ResultStep::kSubtract: return value - operand();
    case ResultStep::kMaximum: return MaximumFloat()(value, operand());
    case ResultStep::kMinimum: return MinimumFloat()(value, operand());
  }
  return value;
}

/** One step on the value of results whose first is element `at` of all and channel `channel`. */
inline Floats apply(const ResultStep& step, Floats value, std::int64_t at, std::int64_t channel) {
  return apply(step, value, [&] { return load(step.operand + (step.elements ? at : channel)); });
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
