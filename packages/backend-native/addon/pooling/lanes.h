// Channels of a pool, as many as a vector has lanes; what is left over goes by shorter vectors.
#pragma once

#include <cstdint>
#include <cstring>

#include "../vectors.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int32_t;
using std::int64_t;

/** So many bytes of channels, with whole numbers beside. */
template <int kBytes>
struct Vector {
  typedef float Value __attribute__((vector_size(kBytes)));
  typedef int32_t Index __attribute__((vector_size(kBytes)));
};

/** One channel. */
struct Single {
  using Value = float;
  using Index = int32_t;
};

template <class Value>
Value read(const float* from) {
  Value value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <class Value>
void write(float* to, Value value) {
  std::memcpy(to, &value, sizeof value);
}

/** Runs `body` for the channels from `channel` on: by vectors, then by halves of them, then one by one. */
template <int kBytes = kVectorBytes, class Body>
void each_channel(int64_t channels, Body body, int64_t channel = 0) {
  constexpr int64_t kLanes = kBytes / 4;
  for (; channel + kLanes <= channels; channel += kLanes) body(Vector<kBytes>(), channel);
  if constexpr (kBytes > 8) {
    if (channel < channels) each_channel<kBytes / 2>(channels, body, channel);
  } else if (channel < channels) {
    body(Single(), channel);
  }
}

/** The largest elements of windows, and where in their windows they are. */
template <class Lanes>
struct Maximum {
  typename Lanes::Value value;
  typename Lanes::Index tap;
};

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
