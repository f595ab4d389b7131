#include "interleave_blocks.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** The compiler makes shuffles of this, since it knows the number of planes. */
template <int kPlanes>
void interleave(const std::uint32_t* __restrict planes, std::int64_t apart, std::int64_t count, std::uint32_t* __restrict to) {
  for (std::int64_t i = 0; i < count; i++) {
    for (int plane = 0; plane < kPlanes; plane++) to[i * kPlanes + plane] = planes[plane * apart + i];
  }
}

}  // namespace

const InterleaveTable& interleave_table() {
  static const InterleaveTable table{{interleave<2>, interleave<3>, interleave<4>}};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
