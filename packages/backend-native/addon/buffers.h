// The memory that tensors live in: a table of allocations, known to JavaScript by their number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernel.h"

namespace sconce {

/** Alignment of every allocation: a cache line, and the widest vector. */
constexpr std::size_t kAlignment = 64;

/** Memory from the system, 64-byte aligned; large pieces sit on huge pages where the system offers them. Throws std::bad_alloc. */
void* allocate_bytes(std::size_t bytes);
void free_bytes(void* pointer, std::size_t bytes);

class Buffers {
 public:
  Buffers() = default;
  ~Buffers();
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  /** The number of a new allocation of at least `bytes` bytes. */
  std::int32_t allocate(std::size_t bytes);
  /** Takes the number back; the memory itself is freed by whoever gets it. Throws ArgumentError. */
  Range release(std::int32_t handle);
  /** The allocation, checked to hold `bytes` bytes. Throws ArgumentError. */
  Range at(std::int32_t handle, std::size_t bytes) const;
  /** Notes that the contents change. */
  void written(std::int32_t handle) { entries_[handle].version = ++version_; }

 private:
  std::vector<Range> entries_;
  std::vector<std::int32_t> free_;
  std::uint64_t version_ = 0;
};

}  // namespace sconce
