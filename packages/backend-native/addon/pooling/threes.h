// Maximum pools of 3x3 windows one or two columns apart, as after the first convolution of many networks. The maximum of a
// column's three elements serves all windows that share it. The processor's own maximum may lose a NaN; whether there was
// any is seen by a sum, and then it is done anew.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "lanes.h"
#include "pool_blocks.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** Windows that are computed together, at most. */
constexpr int kThrees = 4;

bool has_threes(const PoolShape& shape) {
  const auto is_three = [](const PoolAxis& axis) { return axis.kernel == 3 && axis.dilation == 1; };
  return is_three(shape.vertical) && is_three(shape.horizontal) && shape.horizontal.stride <= 2;
}

/** The larger one, or `best` where they are equal or one is NaN; one instruction. */
template <class Value>
inline __attribute__((always_inline)) Value larger(Value value, Value best) {
  return value > best ? value : best;
}

template <class Value>
inline __attribute__((always_inline)) bool has_nan(Value value) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Value) == 64) return _mm512_cmp_ps_mask(__m512(value), __m512(value), _CMP_UNORD_Q) != 0;
#endif
#if defined(__AVX__)
  if constexpr (sizeof(Value) == 32) return _mm256_movemask_ps(_mm256_cmp_ps(__m256(value), __m256(value), _CMP_UNORD_Q)) != 0;
#endif
  float lanes[sizeof(Value) / sizeof(float)];
  std::memcpy(lanes, &value, sizeof value);
  bool any = false;
  for (const float lane : lanes) any |= lane != lane;
  return any;
}

/** The maxima of kCount windows side by side; false if they may have met a NaN, and are not written. `row`: elements from a row of the input to the next. */
template <class Value, int kStride, int kCount>
bool maxima(const float* x, int64_t row, int64_t step, float* y) {
  Value columns[(kCount - 1) * kStride + 3], sum{};
#pragma GCC unroll 16
  for (int i = 0; i < (kCount - 1) * kStride + 3; i++) {
    const Value first = read<Value>(x + i * step), second = read<Value>(x + row + i * step), third = read<Value>(x + 2 * row + i * step);
    columns[i] = larger(third, larger(second, first));
    sum += first + second + third;
  }
  if (has_nan(sum)) return false;
#pragma GCC unroll 16
  for (int i = 0; i < kCount; i++) write(y + i * step, larger(columns[i * kStride + 2], larger(columns[i * kStride + 1], columns[i * kStride])));
  return true;
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
