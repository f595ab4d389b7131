// Operators on blocks: each applies one scalar operator to a few hundred elements, compiled once per instruction set.
//
// In registers and blocks, float16 and float32 are floats, float64 is a double, and every other dtype is a 32-bit
// integer (bools 0 or 1, uint8 in [0, 255]).
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "nest.h"

namespace sconce {

/** How elements are held while they are computed with. */
enum class Lane { kInt32, kFloat32, kFloat64 };

inline Lane lane_of(DType dtype) {
  if (dtype == DType::kFloat64) return Lane::kFloat64;
  return dtype == DType::kFloat32 || dtype == DType::kFloat16 ? Lane::kFloat32 : Lane::kInt32;
}

inline std::size_t lane_bytes(Lane lane) { return lane == Lane::kFloat64 ? 8 : 4; }

/** out[i] = op(a[i], b[i], c[i]) for i < n; an operand whose bit is set in `uniform` (1, 2, 4) is a single element. */
using BlockOperator = void (*)(void* out, const void* a, const void* b, const void* c, std::int64_t n, int uniform);

/** into[i] = the combination of into[i] and values[r * n + i] for all r < rows. */
using BlockCombine = void (*)(void* into, const void* values, std::int64_t rows, std::int64_t n);

/** The combination of n values; sums of floats are made in several partial sums, in double. */
using BlockReduce = double (*)(const void* values, std::int64_t n);

/** Stored elements to lanes and back; `stride` is in elements. */
using BlockLoad = void (*)(void* out, const void* from, std::int64_t stride, std::int64_t n);
using BlockStore = void (*)(void* to, const void* values, std::int64_t n);

struct BlockTable {
  /** By operator and dtype of the first operand that is not a condition; null where the operator is not defined. */
  BlockOperator operators[kOperators][kDTypes];
  /** By source and target dtype. */
  BlockOperator casts[kDTypes][kDTypes];
  BlockCombine combines[4][kDTypes];
  BlockReduce reductions[4][kDTypes];
  BlockLoad loads[kDTypes];
  BlockStore stores[kDTypes];
  /** Stores elements of 4 bytes so that they do not drive others out of the caches; `finish_streams` makes them seen. */
  BlockStore stream;
};

/** To be called by each thread that streamed, before another one may read. */
inline void finish_streams() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

/** The table for the best instruction set that this processor has. */
const BlockTable& block_table();

}  // namespace sconce
