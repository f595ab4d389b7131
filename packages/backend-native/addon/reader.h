// Reads the numbers in which JavaScript describes a kernel, and refuses what cannot be meant.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel.h"

namespace sconce {

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

  bool done() const { return at_ == count_; }

  [[noreturn]] void fail(const std::string& why) const { throw ArgumentError("native: malformed " + what_ + ": " + why + "."); }

 private:
  const double* numbers_;
  std::size_t count_;
  std::string what_;
  std::size_t at_ = 0;
};

/** Extents of a buffer stay below this, so that products of two cannot overflow 64 bits. */
constexpr std::int64_t kLargestExtent = std::int64_t{1} << 31;

}  // namespace sconce
