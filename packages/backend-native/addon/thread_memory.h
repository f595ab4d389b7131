// Memory that each thread keeps from one kernel to the next.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sconce {

/** At least `bytes` bytes of arbitrary contents, aligned like buffers; the calling thread's until it asks again. Throws std::bad_alloc. */
void* thread_memory(std::size_t bytes);

/** At least `count` zeros, which stand for what is outside an image; the calling thread's until it asks for more. */
const float* thread_zeros(std::int64_t count);

}  // namespace sconce
