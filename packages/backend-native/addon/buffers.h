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
/** Whether a piece of that size comes filled with zeros, for which the system takes no memory before something is written. */
bool comes_as_zeros(std::size_t bytes);

class Buffers {
 public:
  /** An allocation, the last submitted task that uses it, and, where a kernel keeps its result there, what that was made from. */
  struct Entry {
    Range range;
    std::uint64_t last_use = 0;
    std::vector<std::uint64_t> origin;
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
  /** Notes that the contents change; the result is their version. */
  std::uint64_t written(std::int32_t number) {
    entries_[number].origin.clear();
    entries_[number].range.holds_zeros = false;
    return entries_[number].range.version = ++version_;
  }
  /** Notes that the contents become those made from `origin`, and does nothing where they are already. */
  std::uint64_t written_from(std::int32_t number, const std::vector<std::uint64_t>& origin) {
    if (entries_[number].origin == origin) return entries_[number].range.version;
    entries_[number].origin = origin;
    entries_[number].range.holds_zeros = false;
    return entries_[number].range.version = ++version_;
  }
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
