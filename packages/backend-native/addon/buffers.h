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
  /** An allocation, and the last submitted task that uses it. */
  struct Entry {
    Range range;
    std::uint64_t last_use = 0;
  };

  Buffers() = default;
  ~Buffers() { clear(); }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  /** The number of a new allocation of at least `bytes` bytes. */
  std::int32_t allocate(std::size_t bytes);
  /** Takes the number back; the memory itself is freed by whoever gets it. Throws ArgumentError. */
  Entry release(std::int32_t number);
  /** The allocation, checked to hold `bytes` bytes. Throws ArgumentError. */
  const Entry& at(std::int32_t number, std::size_t bytes) const;
  /** Notes that the contents change. */
  void written(std::int32_t number) { entries_[number].range.version = ++version_; }
  /** Notes that a submitted task reads or writes it. */
  void used(std::int32_t number, std::uint64_t task) { entries_[number].last_use = task; }
  /** Frees everything. */
  void clear();

 private:
  std::vector<Entry> entries_;
  std::vector<std::int32_t> free_;
  std::uint64_t version_ = 0;
};

}  // namespace sconce
