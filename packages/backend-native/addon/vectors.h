// Vectors as wide as the registers of the instruction set that a file is compiled for, written out where the compiler
// may not make them itself: it keeps the order of additions, and cares for which of two NaNs a maximum gives.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace sconce {
namespace SCONCE_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

/** As many of `T` as a register holds, anywhere in memory. */
template <class T>
struct VectorOf {
  typedef T Type __attribute__((vector_size(kVectorBytes), aligned(alignof(T)), may_alias));
  static constexpr std::int64_t kLanes = kVectorBytes / static_cast<int>(sizeof(T));
};

/** Stores a vector past the caches; `to` is aligned as vectors are. */
inline __attribute__((always_inline)) void stream_vector(float* to, const VectorOf<float>::Type& value) {
#if defined(__AVX512F__)
  _mm512_stream_ps(to, __m512(value));
#elif defined(__AVX__)
  _mm256_stream_ps(to, __m256(value));
#elif defined(__SSE2__)
  _mm_stream_ps(to, __m128(value));
#else
  *reinterpret_cast<VectorOf<float>::Type*>(to) = value;
#endif
}

// Functions of two elements or vectors.
struct Add { template <class T> T operator()(T a, T b) const { return a + b; } };
struct Multiply { template <class T> T operator()(T a, T b) const { return a * b; } };
// Written with | for vectors, which they are applied to as well.
struct MaximumFloat { template <class T> T operator()(T a, T b) const { return ((b > a) | (b != b)) & (a == a) ? b : a; } };
struct MinimumFloat { template <class T> T operator()(T a, T b) const { return ((b < a) | (b != b)) & (a == a) ? b : a; } };

/** Four vectors of partial results, so that none of them gets long and additions do not wait for each other. */
template <class T, class F>
double reduce(const void* values, std::int64_t n) {
  const T* from = static_cast<const T*>(values);
  std::int64_t i = 1;
  T total = from[0];
  if constexpr (std::is_floating_point_v<T>) {
    using Vector = typename VectorOf<T>::Type;
    constexpr std::int64_t lanes = VectorOf<T>::kLanes;
    if (n >= 4 * lanes) {
      const Vector* first = reinterpret_cast<const Vector*>(from);
      Vector a = first[0], b = first[1], c = first[2], d = first[3];
      for (i = 4 * lanes; i + 4 * lanes <= n; i += 4 * lanes) {
        const Vector* next = reinterpret_cast<const Vector*>(from + i);
        a = F()(a, next[0]);
        b = F()(b, next[1]);
        c = F()(c, next[2]);
        d = F()(d, next[3]);
      }
      for (; i + lanes <= n; i += lanes) a = F()(a, *reinterpret_cast<const Vector*>(from + i));
      a = F()(F()(a, b), F()(c, d));
      T parts[lanes];
      std::memcpy(parts, &a, sizeof parts);
      for (std::int64_t width = lanes / 2; width > 0; width /= 2) {
        for (std::int64_t j = 0; j < width; j++) parts[j] = F()(parts[j], parts[j + width]);
      }
      total = parts[0];
    }
  }
  for (; i < n; i++) total = F()(total, from[i]);
  return static_cast<double>(total);
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
