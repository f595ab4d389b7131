// The end of a result in registers: a chain of steps, and the store.
#pragma once

#include "parts.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** Steps that are rare, on values in memory, and the stores. */
__attribute__((noinline)) void finish_others(const ResultChain& chain, const Floats* values, std::int64_t rows, std::int64_t columns, float* to, std::int64_t row,
                                             std::int64_t column, std::int64_t at, std::int64_t channel) {
  for (std::int64_t r = 0; r < rows; r++) {
    for (std::int64_t c = 0; c < columns; c++) {
      const std::int64_t offset = r * row + c * column;
      Floats value = *values++;
      for (std::size_t step = 0; step < chain.count; step++) value = apply(chain.others[step], value, at + offset, channel);
      store(to + offset, value);
    }
  }
}

/** Values [row][column] of results, the first of which belongs at `to`, which is element `at` of all, in channel `channel`. */
template <int kRows, int kColumns>
SCONCE_UNROLLED inline void finish(const ResultChain& chain, Floats (&values)[kRows][kColumns], float* to, std::int64_t row, std::int64_t column,
                                   std::int64_t at, std::int64_t channel) {
  const auto change = [&](const auto& function) SCONCE_UNROLLED {
    unrolled<kRows>([&](auto r) SCONCE_UNROLLED { unrolled<kColumns>([&](auto c) SCONCE_UNROLLED { values[r][c] = function(values[r][c]); }); });
  };
  if (chain.scale != nullptr) {
    const Floats scale = load(chain.scale + channel);
    change([&](Floats value) SCONCE_UNROLLED { return value * scale; });
  }
  if (chain.shift != nullptr) {
    const Floats shift = load(chain.shift + channel);
    change([&](Floats value) SCONCE_UNROLLED { return value + shift; });
  }
  if (chain.addend != nullptr) {
    const float* const addend = chain.addend + at;
    unrolled<kRows>([&](auto r) SCONCE_UNROLLED { unrolled<kColumns>([&](auto c) SCONCE_UNROLLED { values[r][c] += load(addend + r * row + c * column); }); });
  }
  if (chain.has_limits) {
    const Floats low = repeated(chain.low), high = repeated(chain.high);
    change([&](Floats value) SCONCE_UNROLLED { return at_most(at_least(value, low), high); });
  }
  if (chain.count == 0) {
    unrolled<kRows>([&](auto r) SCONCE_UNROLLED { unrolled<kColumns>([&](auto c) SCONCE_UNROLLED { store(to + r * row + c * column, values[r][c]); }); });
    return;
  }
  Floats others[kRows][kColumns];
  unrolled<kRows>([&](auto r) SCONCE_UNROLLED { unrolled<kColumns>([&](auto c) SCONCE_UNROLLED { others[r][c] = values[r][c]; }); });
  finish_others(chain, others[0], kRows, kColumns, to, row, column, at, channel);
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
