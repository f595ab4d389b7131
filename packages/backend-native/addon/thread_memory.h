// Memory that each thread keeps from one kernel to the next.
#pragma once

#include <cstddef>

namespace sconce {

/** At least `bytes` bytes of arbitrary contents, aligned like buffers; the calling thread's until it asks again. Throws std::bad_alloc. */
void* thread_memory(std::size_t bytes);

}  // namespace sconce
