// The loop nest of core's contract, decoded and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../reader.h"

namespace sconce {

/** Element types, in the order of core's `dtypes`. */
enum class DType { kBool, kUint8, kInt32, kUint32, kFloat16, kFloat32, kFloat64 };
constexpr int kDTypes = 7;

std::size_t bytes_per_element(DType dtype);

/** Scalar operators, in the order of core's `scalarOperators`. */
enum class Operator {
  kNegate, kAbsolute, kSign, kFloor, kCeil, kRound, kSqrt, kExp, kExpm1, kLog, kLog1p, kSin, kCos, kTan, kTanh, kErf,
  kNot, kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kRemainder, kPower, kMaximum, kMinimum, kAnd, kOr,
  kBitwiseAnd, kBitwiseOr, kBitwiseXor, kShiftLeft, kShiftRight, kEqual, kNotEqual, kLess, kLessEqual, kGreater,
  kGreaterEqual, kWhere, kCast,
};
constexpr int kOperators = 41;

/** How many operands each takes. */
int arity(Operator op);

enum class Combine { kSum, kMax, kMin, kProduct };

struct Instruction {
  enum class Kind { kConstant, kIndex, kAccumulator, kLoad, kApply };
  Kind kind = Kind::kConstant;
  DType dtype = DType::kFloat32;
  double value = 0;                    // of a constant
  int number = 0;                      // axis of an index, number of an accumulator, input of a load
  bool computed = false;               // a load at the element that operands[0] says
  int guard = -1;                      // a load's guard, or -1
  std::int64_t offset = 0;             // of an affine load, in elements
  std::vector<std::int64_t> strides;   // one per loop
  Operator op = Operator::kCast;
  int operands[3] = {-1, -1, -1};
};

struct Accumulator {
  int value = 0;
  Combine combine = Combine::kSum;
  DType dtype = DType::kFloat32;
};

struct Store {
  int value = 0;
  DType dtype = DType::kFloat32;
  /** The result's number; where several stores lie side by side in it, how many, which of them this is, and the elements of a row of each. */
  int result = 0;
  std::int64_t parts = 1, part = 0, row = 0;
};

struct Nest {
  std::vector<std::int64_t> shape;
  bool reduces = false;
  std::vector<std::int64_t> extent;
  std::vector<Accumulator> accumulators;
  std::vector<DType> inputs;
  std::vector<Instruction> body;
  std::vector<Instruction> epilogue;
  std::vector<Store> stores;

  /** Elements of each input that affine loads can touch; computed loads are checked as they run, against the whole buffer. */
  std::vector<std::int64_t> touched;
};

/** Reads a nest; every reference in it names something that exists, and no affine load goes below element 0. */
Nest decode_nest(Reader& reader);

/** The same for a nest followed by the length of rows, and the numbers of stores whose rows lie side by side in a last result. */
Nest decode_joined_nest(Reader& reader);

}  // namespace sconce
