#include "thread_memory.h"

#include <vector>

#include "buffers.h"

namespace sconce {
namespace {

struct Memory {
  void* pointer = nullptr;
  std::size_t bytes = 0;

  ~Memory() {
    if (pointer != nullptr) free_bytes(pointer, bytes);
  }
};

}  // namespace

void* thread_memory(std::size_t bytes) {
  thread_local Memory memory;
  if (bytes > memory.bytes) {
    if (memory.pointer != nullptr) free_bytes(memory.pointer, memory.bytes);
    memory = Memory();
    memory.pointer = allocate_bytes(bytes);
    memory.bytes = bytes;
  }
  return memory.pointer;
}

const float* thread_zeros(std::int64_t count) {
  thread_local std::vector<float> zeros;
  if (zeros.size() < static_cast<std::size_t>(count)) zeros.assign(static_cast<std::size_t>(count), 0.0f);
  return zeros.data();
}

}  // namespace sconce
