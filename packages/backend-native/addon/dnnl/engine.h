// oneDNN's engine and stream, and its memory over our buffers.
#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <vector>

#include "../instruction_sets.h"
#include "../kernel.h"
#include "../sizes.h"

namespace sconce {

/** The processor. */
const dnnl::engine& cpu_engine();
/** The stream of the calling thread. */
dnnl::stream& cpu_stream();

/** Has oneDNN use no better instructions; to be called before anything else of it. */
void limit_instructions(InstructionSet set);

/** oneDNN memory over a pointer. */
inline dnnl::memory view(const dnnl::memory::desc& desc, const void* pointer) {
  return dnnl::memory(desc, cpu_engine(), const_cast<void*>(pointer));
}

inline dnnl::memory::desc floats(const dnnl::memory::dims& dims, dnnl::memory::format_tag tag) {
  return dnnl::memory::desc(dims, dnnl::memory::data_type::f32, tag);
}

}  // namespace sconce
