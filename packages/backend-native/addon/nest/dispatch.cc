// Chooses the block operators for this processor.
#include "blocks.h"

namespace sconce {

#if defined(__x86_64__)

namespace avx512 {
const BlockTable& table();
}
namespace avx2 {
const BlockTable& table();
}
namespace baseline {
const BlockTable& table();
}

const BlockTable& block_table() {
  static const BlockTable& chosen = [&]() -> const BlockTable& {
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (wide) return avx512::table();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::table();
    return baseline::table();
  }();
  return chosen;
}

#else

namespace baseline {
const BlockTable& table();
}

/** On arm64 every processor has NEON, which is the compiler's baseline. */
const BlockTable& block_table() { return baseline::table(); }

#endif

}  // namespace sconce
