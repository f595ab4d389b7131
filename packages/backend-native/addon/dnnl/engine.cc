#include "engine.h"

namespace sconce {

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& cpu_stream() {
  thread_local dnnl::stream stream(cpu_engine());
  return stream;
}

void limit_instructions([[maybe_unused]] InstructionSet set) {
#if defined(__x86_64__)
  // A better one keeps all that comes with it.
  if (set == InstructionSet::kAvx512) return;
  // The least that oneDNN can be held to is SSE4.1.
  dnnl::set_max_cpu_isa(set == InstructionSet::kAvx2 ? dnnl::cpu_isa::avx2 : dnnl::cpu_isa::sse41);
#endif
}

}  // namespace sconce
