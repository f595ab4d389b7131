#include "depthwise_blocks.h"

#include "parts.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

void pack(const float* weight, const DepthwiseShape& shape, bool turned, float* packed) {
  const std::int64_t taps = shape.taps(), blocks = block_count(shape, kFloatLanes);
  for (std::int64_t block = 0; block < blocks; block++) {
    const float* from = weight + block_channel(shape, kFloatLanes, block) * taps;
    for (std::int64_t tap = 0; tap < taps; tap++) {
      const std::int64_t source = turned ? taps - 1 - tap : tap;
      for (std::int64_t lane = 0; lane < kFloatLanes; lane++) *packed++ = from[lane * taps + source];
    }
  }
}

}  // namespace

const DepthwiseTable& depthwise_table() {
  static const DepthwiseTable table{kFloatLanes, pack, forward, input_gradient, weight_gradient};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
