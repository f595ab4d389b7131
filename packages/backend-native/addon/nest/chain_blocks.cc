// The running values of a few vectors are an array that the compiler keeps in registers; what a step does is chosen once
// for all of them.
#include "chain_blocks.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;
using Vector = VectorOf<float>::Type;
constexpr int64_t kLanes = VectorOf<float>::kLanes;

struct Subtract { template <class T> T operator()(T a, T b) const { return a - b; } };
struct Divide { template <class T> T operator()(T a, T b) const { return a / b; } };
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

template <int kVectors, class F>
inline __attribute__((always_inline)) void apply(typename Items<kVectors>::Item (&running)[Items<kVectors>::kCount], const ChainStep& step, int64_t i) {
  using All = Items<kVectors>;
  using Item = typename All::Item;
  if (step.single) {
    const Item operand = *step.operand - Item{};  // spread; adding 0 would change -0
    for (int v = 0; v < All::kCount; v++) running[v] = F()(running[v], operand);
  } else {
    for (int v = 0; v < All::kCount; v++) running[v] = F()(running[v], *reinterpret_cast<const Item*>(step.operand + i + v * All::kWidth));
  }
}

template <class Item>
void store(float* to, const Item& value, bool streams) {
#if defined(__SSE2__)
  if constexpr (sizeof(Item) == kVectorBytes) {
    if (streams) {
#if defined(__AVX512F__)
      _mm512_stream_ps(to, __m512(value));
#elif defined(__AVX__)
      _mm256_stream_ps(to, __m256(value));
#else
      _mm_stream_ps(to, __m128(value));
#endif
      return;
    }
  }
#endif
  static_cast<void>(streams);
  *reinterpret_cast<Item*>(to) = value;
}

/** The running values of the items at `i`, after all steps. */
template <int kVectors>
inline __attribute__((always_inline)) void compute(typename Items<kVectors>::Item (&running)[Items<kVectors>::kCount], const float* start, const ChainStep* steps, int count, int64_t i) {
  using All = Items<kVectors>;
  for (int v = 0; v < All::kCount; v++) running[v] = *reinterpret_cast<const typename All::Item*>(start + i + v * All::kWidth);
  for (int s = 0; s < count; s++) {
    const ChainStep& step = steps[s];
    switch (step.op) {
      case ChainOperator::kAdd: apply<kVectors, Add>(running, step, i); break;
      case ChainOperator::kSubtract: apply<kVectors, Subtract>(running, step, i); break;
      case ChainOperator::kSubtractFrom: apply<kVectors, Exchanged<Subtract>>(running, step, i); break;
      case ChainOperator::kMultiply: apply<kVectors, Multiply>(running, step, i); break;
      case ChainOperator::kDivide: apply<kVectors, Divide>(running, step, i); break;
      case ChainOperator::kDivideInto: apply<kVectors, Exchanged<Divide>>(running, step, i); break;
      case ChainOperator::kMaximum: apply<kVectors, MaximumFloat>(running, step, i); break;
      case ChainOperator::kMaximumOf: apply<kVectors, Exchanged<MaximumFloat>>(running, step, i); break;
      case ChainOperator::kMinimum: apply<kVectors, MinimumFloat>(running, step, i); break;
      case ChainOperator::kMinimumOf: apply<kVectors, Exchanged<MinimumFloat>>(running, step, i); break;
      case ChainOperator::kNegate: for (int v = 0; v < All::kCount; v++) running[v] = -running[v]; break;
      case ChainOperator::kSquare: for (int v = 0; v < All::kCount; v++) running[v] = running[v] * running[v]; break;
    }
  }
}

/** Items from `i` on; the result is where they end. */
template <int kVectors>
int64_t run_items(float* out, const float* start, const ChainStep* steps, int count, int64_t i, int64_t n, bool streams) {
  using All = Items<kVectors>;
  constexpr int64_t width = All::kCount * All::kWidth;
  for (; i + width <= n; i += width) {
    typename All::Item running[All::kCount];
    compute<kVectors>(running, start, steps, count, i);
    for (int v = 0; v < All::kCount; v++) store(out + i + v * All::kWidth, running[v], streams);
  }
  return i;
}

void run(float* out, const float* start, const ChainStep* steps, int count, int64_t n, bool streams) {
  const bool past = streams && reinterpret_cast<std::uintptr_t>(out) % kVectorBytes == 0;
  int64_t i = run_items<8>(out, start, steps, count, 0, n, past);
  i = run_items<1>(out, start, steps, count, i, n, past);
  run_items<0>(out, start, steps, count, i, n, false);
}

}  // namespace

const ChainTable& chain_table() {
  static const ChainTable table = {run};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
