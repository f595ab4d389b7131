// Each tile's sums stay in registers for the whole depth: with 6 x 4 vectors of AVX-512 (24 sums, 4 columns, and the rows'
// elements broadcast one after the other) every element that is loaded is used often enough for both multipliers to be
// busy in every cycle, wherever the operands lie below the second-level cache.
#include "product_blocks.h"

#include <algorithm>
#include <cstring>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "../results/step_vectors.h"

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
template <int Rows, int Vectors>
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
    const float* panel = p_.panel;
    const float* const zero = p_.zero + p_.offset;
    const std::int64_t end = p_.depth * p_.step, step = p_.step, panel_step = p_.panel_step;
    for (std::int64_t tap = 0; tap < p_.taps; tap++) {
      const float* from[Rows];
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) from[r] = p_.rows[tap * p_.row_count + row_ + r] + p_.offset;
      bool is_zero = true;
#pragma GCC unroll 16
      for (int r = 0; r < Rows; r++) is_zero = is_zero && from[r] == zero;
      if (is_zero) {
        panel += p_.depth * panel_step;
        continue;
      }
      // While the rows of this tile are multiplied, those of the next come from memory, a cache line of each at a time; and
      // while the first tile is, so does the panel.
      const bool asks = p_.rows_are_new && row_ + 2 * Rows <= p_.last, asks_panel = row_ == 0;
      const std::int64_t piece = asks || asks_panel ? kLine * step : end;
      for (std::int64_t start = 0; start < end; start += piece) {
        if (asks) {
#pragma GCC unroll 16
          for (int r = 0; r < Rows; r++) __builtin_prefetch(p_.rows[tap * p_.row_count + row_ + Rows + r] + p_.offset + start);
        }
        if (asks_panel) ask_for_panel(panel);
        const std::int64_t stop = std::min(end, start + piece);
        for (std::int64_t k = start; k < stop; k += step) {
          Floats columns[Vectors];
#pragma GCC unroll 16
          for (int v = 0; v < Vectors; v++) columns[v] = SCONCE_ISA::load(panel + v * kLanes);
#pragma GCC unroll 16
          for (int r = 0; r < Rows; r++) {
            const float element = from[r][k];
#pragma GCC unroll 16
            for (int v = 0; v < Vectors; v++) sums_[r][v] += element * columns[v];
          }
          panel += panel_step;
        }
      }
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

template <int Rows, int Vectors>
__attribute__((noinline)) void tile(const PanelProduct& p, std::int64_t row) {
  Tile<Rows, Vectors>(p, row).run();
}

template <int Vectors, int Rows>
void last_rows(const PanelProduct& p, std::int64_t row) {
  if constexpr (Rows > 0) {
    if (p.last - row == Rows) tile<Rows, Vectors>(p, row);
    else last_rows<Vectors, Rows - 1>(p, row);
  }
}

template <int Vectors>
void rows_of(const PanelProduct& p) {
  constexpr int rows = tile_rows(Vectors);
  std::int64_t row = 0;
  for (; row + rows <= p.last; row += rows) tile<rows, Vectors>(p, row);
  last_rows<Vectors, rows - 1>(p, row);
}

template <int Vectors = kVectors>
void multiply(const PanelProduct& p) {
  if constexpr (Vectors > 1) {
    if (p.columns <= (Vectors - 1) * kLanes) return multiply<Vectors - 1>(p);
  }
  rows_of<Vectors>(p);
}

typedef float Quad __attribute__((vector_size(16)));
typedef std::int32_t QuadOrder __attribute__((vector_size(16)));

/** Four rows of four elements, `from_step` apart, become columns. */
inline __attribute__((always_inline)) void transpose(const float* from, std::int64_t from_step, float* to, std::int64_t to_step) {
  Quad a, b, c, d;
  std::memcpy(&a, from, sizeof a);
  std::memcpy(&b, from + from_step, sizeof b);
  std::memcpy(&c, from + 2 * from_step, sizeof c);
  std::memcpy(&d, from + 3 * from_step, sizeof d);
  const Quad low = __builtin_shuffle(a, b, QuadOrder{0, 4, 1, 5}), high = __builtin_shuffle(a, b, QuadOrder{2, 6, 3, 7});
  const Quad next_low = __builtin_shuffle(c, d, QuadOrder{0, 4, 1, 5}), next_high = __builtin_shuffle(c, d, QuadOrder{2, 6, 3, 7});
  const Quad rows[4] = {__builtin_shuffle(low, next_low, QuadOrder{0, 1, 4, 5}), __builtin_shuffle(low, next_low, QuadOrder{2, 3, 6, 7}),
                        __builtin_shuffle(high, next_high, QuadOrder{0, 1, 4, 5}), __builtin_shuffle(high, next_high, QuadOrder{2, 3, 6, 7})};
  for (int i = 0; i < 4; i++) std::memcpy(to + i * to_step, &rows[i], sizeof(Quad));
}

/** Rows of a known length, which are copied without a call. */
template <int Columns>
void copy_rows(const float* from, std::int64_t step, std::int64_t count, float* to) {
  for (std::int64_t k = 0; k < count; k++) std::memcpy(to + k * Columns, from + k * step, Columns * sizeof(float));
}

void pack_copies(const float* from, std::int64_t depth_step, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to) {
  if (columns == width && width == kTileRows) return copy_rows<kTileRows>(from, depth_step, depth, to);
  if (columns == width && width == kVectors * kLanes) return copy_rows<kVectors * kLanes>(from, depth_step, depth, to);
  for (std::int64_t k = 0; k < depth; k++) {
    std::memcpy(to + k * width, from + k * depth_step, static_cast<std::size_t>(columns) * sizeof(float));
    std::fill(to + k * width + columns, to + (k + 1) * width, 0.0f);
  }
}

/** Sixteen elements of each column at a time, which are a cache line, and four by four of them in registers. */
void pack(const float* from, std::int64_t depth_step, std::int64_t column_step, std::int64_t depth, std::int64_t columns, std::int64_t width, float* to) {
  if (column_step == 1) return pack_copies(from, depth_step, depth, columns, width, to);
  constexpr std::int64_t line = 16;
  for (std::int64_t start = 0; start < depth; start += line) {
    const std::int64_t end = std::min(depth, start + line);
    for (std::int64_t column = 0; column < width; column += 4) {
      const float* const source = from + column * column_step;
      std::int64_t k = start;
      if (depth_step == 1 && column + 4 <= columns) {
        for (; k + 4 <= end; k += 4) transpose(source + k, column_step, to + k * width + column, width);
      }
      for (; k < end; k++) {
        for (std::int64_t c = 0; c < 4; c++) to[k * width + column + c] = column + c < columns ? source[c * column_step + k * depth_step] : 0.0f;
      }
    }
  }
}

}  // namespace

const ProductTable& product_table() {
  static const ProductTable table{kVectors * kLanes, kLanes, kTileRows, multiply<>, pack};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
