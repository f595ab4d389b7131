// Tiles of products; included where vectors are known (see instruction_sets.h).
//
// Each tile's sums stay in registers for the whole depth: with 6 x 4 vectors of AVX-512 (24 sums, 4 columns, and the rows'
// elements broadcast one after the other) every element that is loaded is used often enough for both multipliers to be
// busy in every cycle, wherever the operands lie below the second-level cache.
#pragma once

#include <algorithm>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "../results/step_vectors.h"
#include "product_blocks.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

constexpr int kLanes = kFloatLanes;
/** Vectors of a panel: there are 32 registers, or 16. */
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kVectors = 4;
#else
constexpr int kVectors = 2;
#endif

/** Elements of a cache line. */
constexpr std::int64_t kLine = 16;

/** Rows of a panel that are multiplied while one more comes from memory. */
constexpr std::int64_t kAhead = 64;

/** Rows of a tile of so many vectors: as many as leave registers for the columns and one element. */
constexpr int tile_rows(int vectors) {
  constexpr int of_two[] = {8, 6}, of_four[] = {12, 12, 8, 6};
  return kVectors == 2 ? of_two[vectors - 1] : of_four[vectors - 1];
}

/** A number of rows that all tiles divide. */
constexpr int kTileRows = 24;

/** The first lanes of a vector, so many as a panel's last vector has. */
class Lanes {
 public:
#if defined(__AVX512F__)
  explicit Lanes(std::int64_t count) : mask_(static_cast<__mmask16>(count >= kLanes ? 0xffff : (1 << count) - 1)) {}
  Floats load(const float* from) const { return _mm512_maskz_loadu_ps(mask_, from); }
  void store(float* to, Floats value) const { _mm512_mask_storeu_ps(to, mask_, value); }

 private:
  __mmask16 mask_;
#elif defined(__AVX2__)
  explicit Lanes(std::int64_t count) : mask_(_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))) {}
  Floats load(const float* from) const { return _mm256_maskload_ps(from, mask_); }
  void store(float* to, Floats value) const { _mm256_maskstore_ps(to, mask_, value); }

 private:
  __m256i mask_;
#else
  explicit Lanes(std::int64_t count) : count_(static_cast<std::size_t>(std::min<std::int64_t>(count, kLanes)) * sizeof(float)) {}
  Floats load(const float* from) const {
    Floats value{};
    if (count_ == sizeof value) std::memcpy(&value, from, sizeof value);
    else std::memcpy(&value, from, count_);
    return value;
  }
  void store(float* to, Floats value) const {
    if (count_ == sizeof value) std::memcpy(to, &value, sizeof value);
    else std::memcpy(to, &value, count_);
  }

 private:
  std::size_t count_;
#endif
};

/**
 * How the rows of a product are found: each through its pointer, or so many elements apart; where that is not a number, as
 * many as the product says. Tiles with pointers, and those that ask, have what is needed next brought from memory.
 */
constexpr int kPointers = -2, kAsking = -1, kAnyApart = 0;

/** Steps of any kind, one after the other, on rows x vectors in memory. */
__attribute__((noinline)) void apply_all(const PanelProduct& p, std::int64_t row, int rows, int vectors, Floats* values) {
  for (int r = 0; r < rows; r++) {
    for (int v = 0; v < vectors; v++) {
      const std::int64_t column = p.column + v * kLanes, place = p.place + (row + r) * p.place_step + column;
      Floats& value = values[r * vectors + v];
      const Lanes lanes(p.columns - v * kLanes);
      for (std::size_t i = 0; i < p.chain->count; i++) {
        const ResultStep& step = p.chain->others[i];
        value = apply(step, value, [&] { return lanes.load(step.operand + (step.elements ? place : column)); });
      }
    }
  }
}

/** A tile's sums with what is done to them. All loops are unrolled, so that they never leave the registers. */
template <int kApart, int Rows, int Vectors>
class Tile {
 public:
  Tile(const PanelProduct& product, std::int64_t row) : p_(product), row_(row), last_(product.columns - (Vectors - 1) * kLanes) {}

  void run() {
    if (p_.accumulates) start();
    else clear();
    if (p_.chain != nullptr && p_.chain->addend != nullptr) ask_for(p_.chain->addend + p_.place + row_ * p_.place_step + p_.column, p_.place_step);
    multiply();
    if (p_.chain != nullptr) finish(*p_.chain);
    each([&](int r, int v) { store(result() + r * p_.result_step, v, sums_[r][v]); });
  }

 private:
  /** f(row, vector) for each vector of the tile. */
  template <class F>
  __attribute__((always_inline)) static void each(const F& f) {
#pragma GCC unroll 16
    for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; v++) f(r, v);
    }
  }

  /** Vector v of a row of columns; the last one may be cut. */
  __attribute__((always_inline)) Floats load(const float* row, int v) const {
    return v == Vectors - 1 ? last_.load(row + v * kLanes) : SCONCE_ISA::load(row + v * kLanes);
  }
  __attribute__((always_inline)) void store(float* row, int v, Floats value) const {
    if (v == Vectors - 1) last_.store(row + v * kLanes, value);
    else SCONCE_ISA::store(row + v * kLanes, value);
  }

  /** Rows that lie `step` apart are wanted soon. */
  __attribute__((always_inline)) static void ask_for(const float* rows, std::int64_t step) {
    each([&](int r, int v) { __builtin_prefetch(rows + r * step + v * kLanes); });
  }

  /** Some rows of the panel are wanted soon: about when memory has answered. What lies behind a packed panel is mostly the next. */
  __attribute__((always_inline)) void ask_for_panel(const float* panel) const {
    const float* ahead = panel + kAhead * p_.panel_step;
    for (std::int64_t k = 0; k < kLine; k++, ahead += p_.panel_step) {
#pragma GCC unroll 4
      for (std::int64_t column = 0; column < Vectors * kLanes; column += kLine) __builtin_prefetch(ahead + column);
    }
  }

  float* result() const { return p_.result + row_ * p_.result_step; }

  __attribute__((always_inline)) void clear() {
    each([&](int r, int v) { sums_[r][v] = Floats{}; });
  }

  __attribute__((always_inline)) void start() {
    each([&](int r, int v) { sums_[r][v] = load(result() + r * p_.result_step, v); });
  }

  __attribute__((always_inline)) void multiply() {
    if constexpr (kApart == kPointers) multiply_pointed();
    else multiply_apart();
  }

  __attribute__((always_inline)) void multiply_pointed() {
    const float* panel = p_.panel;
    const float* const zero = p_.zero + p_.offset;
    for (std::int64_t tap = 0; tap < p_.taps; tap++) {
      const float* const* const rows = p_.rows + tap * p_.row_count + row_;
      const float* from[Rows];
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) from[r] = rows[r] + p_.offset;
      bool is_zero = true;
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) is_zero = is_zero && from[r] == zero;
      if (is_zero) panel += p_.depth * p_.panel_step;
      else add_products([&](int r, std::int64_t k) { return from[r][k]; }, [&](int r) { return rows[r] + p_.offset; }, panel);
    }
  }

  __attribute__((always_inline)) void multiply_apart() {
    const std::int64_t apart = kApart > 0 ? kApart : p_.row_apart;
    const float* panel = p_.panel;
    for (std::int64_t tap = 0; tap < p_.taps; tap++) {
      const float* const from = p_.rows[tap] + p_.offset + row_ * apart;
      add_products([&](int r, std::int64_t k) { return from[r * apart + k]; }, [&](int r) { return from + r * apart; }, panel);
    }
  }

  /**
   * Adds the products of a tap: element(row, k) with the rows of the panel. While the rows of this tile, which begin at
   * row(r), are multiplied, those of the next come from memory, a cache line of each at a time; and while the first of
   * several tiles is, so does the panel. Where there is but one, memory is the limit, and asking only costs.
   */
  template <class Element, class Row>
  __attribute__((always_inline)) void add_products(const Element& element, const Row& row, const float*& panel) {
    const std::int64_t end = p_.depth * p_.step;
    if constexpr (kApart >= kAnyApart) return add_products(element, 0, end, panel);
    const bool asks = p_.rows_are_new && row_ + 2 * Rows <= p_.last, asks_panel = row_ == 0 && p_.last > Rows;
    const std::int64_t piece = asks || asks_panel ? kLine * p_.step : end;
    for (std::int64_t start = 0; start < end; start += piece) {
      if (asks) {
#pragma GCC unroll 16
        for (int r = 0; r < Rows; r++) __builtin_prefetch(row(Rows + r) + start);
      }
      if (asks_panel) ask_for_panel(panel);
      add_products(element, start, std::min(end, start + piece), panel);
    }
  }

  template <class Element>
  __attribute__((always_inline)) void add_products(const Element& element, std::int64_t start, std::int64_t stop, const float*& panel) {
    const std::int64_t step = p_.step, panel_step = p_.panel_step;
    for (std::int64_t k = start; k < stop; k += step) {
      Floats columns[Vectors];
#pragma GCC unroll 16
      for (int v = 0; v < Vectors; v++) columns[v] = SCONCE_ISA::load(panel + v * kLanes);
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) {
        const float factor = element(r, k);
#pragma GCC unroll 16
        for (int v = 0; v < Vectors; v++) sums_[r][v] += factor * columns[v];
      }
      panel += panel_step;
    }
  }

  __attribute__((always_inline)) void finish(const ResultChain& f) {
    if (f.scale != nullptr) by_columns(f.scale + p_.column, [](Floats sum, Floats factor) { return sum * factor; });
    if (f.shift != nullptr) by_columns(f.shift + p_.column, [](Floats sum, Floats term) { return sum + term; });
    if (f.addend != nullptr) {
      const float* const from = f.addend + p_.place + row_ * p_.place_step + p_.column;
      each([&](int r, int v) { sums_[r][v] += load(from + r * p_.place_step, v); });
    }
    if (f.has_limits) {
      const Floats low = repeated(f.low), high = repeated(f.high);
      each([&](int r, int v) { sums_[r][v] = at_most(at_least(sums_[r][v], low), high); });
    }
    if (f.count == 0) return;
    Floats values[Rows * Vectors];
    each([&](int r, int v) { values[r * Vectors + v] = sums_[r][v]; });
    apply_all(p_, row_, Rows, Vectors, values);
    each([&](int r, int v) { sums_[r][v] = values[r * Vectors + v]; });
  }

  template <class F>
  __attribute__((always_inline)) void by_columns(const float* operand, const F& f) {
#pragma GCC unroll 16
    for (int v = 0; v < Vectors; v++) {
      const Floats value = load(operand, v);
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) sums_[r][v] = f(sums_[r][v], value);
    }
  }

  const PanelProduct& p_;
  const std::int64_t row_;
  const Lanes last_;
  Floats sums_[Rows][Vectors];
};

template <int kApart, int Rows, int Vectors>
__attribute__((noinline)) void tile(const PanelProduct& p, std::int64_t row) {
  Tile<kApart, Rows, Vectors>(p, row).run();
}

/** `count` rows from `row` on, which are at most so many. */
template <int kApart, int Vectors, int Rows>
void last_rows(const PanelProduct& p, std::int64_t row, std::int64_t count) {
  if constexpr (Rows > 0) {
    if (count == Rows) tile<kApart, Rows, Vectors>(p, row);
    else last_rows<kApart, Vectors, Rows - 1>(p, row, count);
  }
}

template <int kApart, int Vectors>
void rows_of(const PanelProduct& p) {
  constexpr int rows = tile_rows(Vectors), asking = kApart == kAnyApart ? kAsking : kApart;
  // Fewer sums wait for each other: the multipliers' results come after four cycles, and there are two of them. Then the
  // last two tiles share their rows.
  constexpr int fewest_sums = 8;
  if (p.last < rows) return last_rows<kApart, Vectors, rows - 1>(p, 0, p.last);
  const std::int64_t rest = p.last % rows, shared = rest > 0 && rest * Vectors < fewest_sums ? rows + rest : 0;
  std::int64_t row = 0;
  for (; row + rows <= p.last - shared; row += rows) {
    if (row == 0 || p.rows_are_new) tile<asking, rows, Vectors>(p, row);
    else tile<kApart, rows, Vectors>(p, row);
  }
  if (shared > 0) last_rows<kApart, Vectors, rows - 1>(p, row, shared / 2);
  row += shared / 2;
  last_rows<kApart, Vectors, rows>(p, row, p.last - row);
}

template <int kApart, int Vectors = kVectors>
void multiply(const PanelProduct& p) {
  if constexpr (Vectors > 1) {
    if (p.columns <= (Vectors - 1) * kLanes) return multiply<kApart, Vectors - 1>(p);
  }
  rows_of<kApart, Vectors>(p);
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
