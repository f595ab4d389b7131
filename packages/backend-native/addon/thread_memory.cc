#include "thread_memory.h"

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

}  // namespace sconce
