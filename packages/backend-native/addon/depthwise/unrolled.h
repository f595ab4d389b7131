// Loops that the compiler must unroll, since their counters choose registers.
#pragma once

#include <utility>

namespace sconce {

#define SCONCE_UNROLLED __attribute__((always_inline))

template <class F, int... kIndices>
SCONCE_UNROLLED inline void unrolled(const F& body, std::integer_sequence<int, kIndices...>) {
  (body(std::integral_constant<int, kIndices>()), ...);
}

/** body(0), ..., body(kCount - 1), each with its number as a constant. The lambda must be SCONCE_UNROLLED. */
template <int kCount, class F>
SCONCE_UNROLLED inline void unrolled(const F& body) {
  unrolled(body, std::make_integer_sequence<int, kCount>());
}

}  // namespace sconce
