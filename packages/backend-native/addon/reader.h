// Reads the numbers in which JavaScript describes a kernel, and refuses what cannot be meant.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel.h"

namespace sconce {

/** Extents fit an int, which is what oneDNN counts many of them in. */
constexpr std::int64_t kLargestExtent = (std::int64_t{1} << 31) - 1;
/** Elements of an array, at most: more than any memory holds, and small enough that offsets in bytes fit 64 bits. */
constexpr std::int64_t kMostElements = std::int64_t{1} << 48;

class Reader {
 public:
  Reader(const double* numbers, std::size_t count, std::string what)
      : numbers_(numbers), count_(count), what_(std::move(what)) {}

  /** The next number, whatever it is. */
  double number() {
    if (at_ >= count_) fail("it ends too early");
    return numbers_[at_++];
  }

  /** The next number as a whole one in [low, high]. */
  std::int64_t integer(std::int64_t low, std::int64_t high) {
    const double value = number();
    if (!(value >= static_cast<double>(low) && value <= static_cast<double>(high)) || value != std::floor(value)) {
      fail("number " + std::to_string(at_ - 1) + " is " + std::to_string(value) + ", not a whole number from " +
           std::to_string(low) + " to " + std::to_string(high));
    }
    return static_cast<std::int64_t>(value);
  }

  /** A length-prefixed list of whole numbers. */
  std::vector<std::int64_t> list(std::int64_t low, std::int64_t high, std::size_t most = 64) {
    std::vector<std::int64_t> items(static_cast<std::size_t>(integer(0, static_cast<std::int64_t>(most))));
    for (auto& item : items) item = integer(low, high);
    return items;
  }

  /** The product of extents, refused where an array of that many elements cannot be. An extent of 0 does not hide the others. */
  std::int64_t elements(const std::vector<std::int64_t>& extents) const {
    std::int64_t bound = 1;
    bool empty = false;
    for (const std::int64_t extent : extents) {
      empty = empty || extent == 0;
      if (extent != 0 && (__builtin_mul_overflow(bound, extent, &bound) || bound > kMostElements)) fail("it has too many elements");
    }
    return empty ? 0 : bound;
  }

  /** A description inside this one: the next `count` numbers. */
  Reader part(std::int64_t count) {
    if (count > static_cast<std::int64_t>(count_ - at_)) fail("it ends too early");
    const Reader inner(numbers_ + at_, static_cast<std::size_t>(count), what_);
    at_ += static_cast<std::size_t>(count);
    return inner;
  }

  bool done() const { return at_ == count_; }

  [[noreturn]] void fail(const std::string& why) const { throw ArgumentError("native: malformed " + what_ + ": " + why + "."); }

 private:
  const double* numbers_;
  std::size_t count_;
  std::string what_;
  std::size_t at_ = 0;
};


}  // namespace sconce
