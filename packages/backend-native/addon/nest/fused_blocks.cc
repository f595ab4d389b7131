// The running values of a few vectors are an array that the compiler keeps in registers, and so are the outcomes of
// comparisons; what a step does is chosen once for all of them.
#include "fused_blocks.h"

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;
using Vector = VectorOf<float>::Type;
constexpr int64_t kLanes = VectorOf<float>::kLanes;
/** Vectors at a time. Where registers are short, outcomes of comparisons go to memory. */
constexpr int kMost = static_cast<int>(kFusedElements / kLanes < 8 ? kFusedElements / kLanes : 8);

struct Subtract { template <class T> T operator()(T a, T b) const { return a - b; } };
struct Divide { template <class T> T operator()(T a, T b) const { return a / b; } };
struct Equal { template <class T> auto operator()(T a, T b) const { return a == b; } };
struct NotEqual { template <class T> auto operator()(T a, T b) const { return a != b; } };
struct Less { template <class T> auto operator()(T a, T b) const { return a < b; } };
struct LessEqual { template <class T> auto operator()(T a, T b) const { return a <= b; } };
struct Greater { template <class T> auto operator()(T a, T b) const { return a > b; } };
struct GreaterEqual { template <class T> auto operator()(T a, T b) const { return a >= b; } };
// The larger or smaller value where the second is known to be a number.
struct Larger { template <class T> T operator()(T a, T b) const { return b > a ? b : a; } };
struct Smaller { template <class T> T operator()(T a, T b) const { return b < a ? b : a; } };
/** The function with its operands exchanged. */
template <class F>
struct Exchanged { template <class T> T operator()(T a, T b) const { return F()(b, a); } };

/** Vectors, or one element where kVectors is 0. */
template <int kVectors>
struct Items {
  using Item = Vector;
  static constexpr int kCount = kVectors;
  static constexpr int64_t kWidth = kLanes;
};
template <>
struct Items<0> {
  using Item = float;
  static constexpr int kCount = 1;
  static constexpr int64_t kWidth = 1;
};

/** What a tile of vectors keeps in registers. */
template <int kVectors>
struct Tile {
  using Item = typename Items<kVectors>::Item;
  using Outcome = decltype(Item{} < Item{});
  static constexpr int kCount = Items<kVectors>::kCount;
  static constexpr int64_t kWidth = Items<kVectors>::kWidth;
  Item running[kCount];
  Outcome holds[kCount];
};

#define SCONCE_INLINE inline __attribute__((always_inline))

/** Where the operand of the elements at `i` lies. To the compiler the address is new, so that it does not keep distances from others in registers. */
SCONCE_INLINE float* at(const FusedStep& step, int64_t i) {
  float* place = step.operand + (step.slot ? 0 : i);
  __asm__("" : "+r"(place));
  return place;
}

/** Gives `visit` the number of each vector, and the operand there. */
template <int kVectors, class Visit>
SCONCE_INLINE void each(const FusedStep& step, int64_t i, Visit visit) {
  using All = Tile<kVectors>;
  using Item = typename All::Item;
  if (step.single) {
    const Item operand = *step.operand - Item{};  // spread; adding 0 would change -0
    for (int v = 0; v < All::kCount; v++) visit(v, operand);
  } else {
    const float* from = at(step, i);
    for (int v = 0; v < All::kCount; v++) visit(v, *reinterpret_cast<const Item*>(from + v * All::kWidth));
  }
}

template <int kVectors, class F>
SCONCE_INLINE void apply(Tile<kVectors>& tile, const FusedStep& step, int64_t i) {
  using Item = typename Tile<kVectors>::Item;
  each<kVectors>(step, i, [&](int v, const Item& y) { tile.running[v] = F()(tile.running[v], y); });
}

/** The larger or smaller value; a single operand, often 0, is looked at once. */
template <int kVectors, class OfNumber, class OfAny>
SCONCE_INLINE void limit(Tile<kVectors>& tile, const FusedStep& step, int64_t i) {
  if (step.single && *step.operand == *step.operand) apply<kVectors, OfNumber>(tile, step, i);
  else apply<kVectors, OfAny>(tile, step, i);
}

template <int kVectors, class F>
SCONCE_INLINE void compare(Tile<kVectors>& tile, const FusedStep& step, int64_t i) {
  using Item = typename Tile<kVectors>::Item;
  if (step.also) each<kVectors>(step, i, [&](int v, const Item& y) { tile.holds[v] = tile.holds[v] & F()(tile.running[v], y); });
  else each<kVectors>(step, i, [&](int v, const Item& y) { tile.holds[v] = F()(tile.running[v], y); });
}

template <int kVectors>
SCONCE_INLINE void keep(const Tile<kVectors>& tile, const FusedStep& step, int64_t i) {
  using All = Tile<kVectors>;
  float* to = at(step, i);
  if constexpr (kVectors > 0) {
    if (step.streams && reinterpret_cast<std::uintptr_t>(to) % kVectorBytes == 0) {
      for (int v = 0; v < All::kCount; v++) stream_vector(to + v * All::kWidth, tile.running[v]);
      return;
    }
  }
  for (int v = 0; v < All::kCount; v++) *reinterpret_cast<typename All::Item*>(to + v * All::kWidth) = tile.running[v];
}

template <int kVectors>
SCONCE_INLINE void ask(const FusedStep& step, int64_t i) {
  constexpr int64_t line = 64 / sizeof(float);
  const float* from = at(step, i);
  for (int64_t e = 0; e < Tile<kVectors>::kCount * Tile<kVectors>::kWidth; e += line) __builtin_prefetch(from + e);
}

/** All steps on the elements from `i` on. */
template <int kVectors>
SCONCE_INLINE void run_tile(const FusedStep* steps, int count, int64_t i) {
  using Item = typename Tile<kVectors>::Item;
  Tile<kVectors> tile = {};
  for (int s = 0; s < count; s++) {
    const FusedStep& step = steps[s];
    switch (step.op) {
      case FusedOperator::kStart: each<kVectors>(step, i, [&](int v, const Item& y) { tile.running[v] = y; }); break;
      case FusedOperator::kKeep: keep<kVectors>(tile, step, i); break;
      case FusedOperator::kAdd: apply<kVectors, Add>(tile, step, i); break;
      case FusedOperator::kSubtract: apply<kVectors, Subtract>(tile, step, i); break;
      case FusedOperator::kSubtractFrom: apply<kVectors, Exchanged<Subtract>>(tile, step, i); break;
      case FusedOperator::kMultiply: apply<kVectors, Multiply>(tile, step, i); break;
      case FusedOperator::kDivide: apply<kVectors, Divide>(tile, step, i); break;
      case FusedOperator::kDivideInto: apply<kVectors, Exchanged<Divide>>(tile, step, i); break;
      case FusedOperator::kMaximum: limit<kVectors, Larger, MaximumFloat>(tile, step, i); break;
      case FusedOperator::kMaximumOf: apply<kVectors, Exchanged<MaximumFloat>>(tile, step, i); break;
      case FusedOperator::kMinimum: limit<kVectors, Smaller, MinimumFloat>(tile, step, i); break;
      case FusedOperator::kMinimumOf: apply<kVectors, Exchanged<MinimumFloat>>(tile, step, i); break;
      case FusedOperator::kNegate: for (auto& x : tile.running) x = -x; break;
      case FusedOperator::kSquare: for (auto& x : tile.running) x = x * x; break;
      case FusedOperator::kEqual: compare<kVectors, Equal>(tile, step, i); break;
      case FusedOperator::kNotEqual: compare<kVectors, NotEqual>(tile, step, i); break;
      case FusedOperator::kLess: compare<kVectors, Less>(tile, step, i); break;
      case FusedOperator::kLessEqual: compare<kVectors, LessEqual>(tile, step, i); break;
      case FusedOperator::kGreater: compare<kVectors, Greater>(tile, step, i); break;
      case FusedOperator::kGreaterEqual: compare<kVectors, GreaterEqual>(tile, step, i); break;
      case FusedOperator::kElse: each<kVectors>(step, i, [&](int v, const Item& y) { tile.running[v] = tile.holds[v] ? tile.running[v] : y; }); break;
      case FusedOperator::kThen: each<kVectors>(step, i, [&](int v, const Item& y) { tile.running[v] = tile.holds[v] ? y : tile.running[v]; }); break;
      case FusedOperator::kAsk: ask<kVectors>(step, i); break;
    }
  }
}

/** As many tiles of kVectors vectors as there are from `i` on, then those of half as many; the result is where they end. */
template <int kVectors>
void run_tiles(const FusedStep* steps, int count, int64_t i, int64_t n) {
  constexpr int64_t width = Tile<kVectors>::kCount * Tile<kVectors>::kWidth;
  for (; i + width <= n; i += width) run_tile<kVectors>(steps, count, i);
  if constexpr (kVectors > 0) {
    if (i < n) run_tiles<kVectors / 2>(steps, count, i, n);
  }
}

void run(const FusedStep* steps, int count, int64_t n) { run_tiles<kMost>(steps, count, 0, n); }

}  // namespace

const FusedTable& fused_table() {
  static const FusedTable table = {run};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
