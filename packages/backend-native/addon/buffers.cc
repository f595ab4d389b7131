#include "buffers.h"

#include <cstdlib>
#include <new>
#include <string>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace sconce {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t rounded(std::size_t bytes) {
  const std::size_t unit = bytes >= kHugePage ? kHugePage : kAlignment;
  return (bytes + unit - 1) / unit * unit;
}

}  // namespace

void* allocate_bytes(std::size_t bytes) {
  const std::size_t size = rounded(bytes == 0 ? 1 : bytes);
  void* pointer = nullptr;
  if (posix_memalign(&pointer, size >= kHugePage ? kHugePage : kAlignment, size) != 0) throw std::bad_alloc();
#if defined(__linux__)
  // First touches of small pages are dear; the hint may be ignored.
  if (size >= kHugePage) madvise(pointer, size, MADV_HUGEPAGE);
#endif
  return pointer;
}

void free_bytes(void* pointer, std::size_t) { std::free(pointer); }

Buffers::~Buffers() {
  for (const Range& entry : entries_) {
    if (entry.pointer != nullptr) free_bytes(entry.pointer, entry.bytes);
  }
}

std::int32_t Buffers::allocate(std::size_t bytes) {
  const Range entry{allocate_bytes(bytes), bytes, ++version_};
  if (free_.empty()) {
    entries_.push_back(entry);
    return static_cast<std::int32_t>(entries_.size() - 1);
  }
  const std::int32_t handle = free_.back();
  free_.pop_back();
  entries_[handle] = entry;
  return handle;
}

Range Buffers::release(std::int32_t handle) {
  at(handle, 0);
  const Range entry = entries_[handle];
  entries_[handle] = Range{};
  free_.push_back(handle);
  return entry;
}

Range Buffers::at(std::int32_t handle, std::size_t bytes) const {
  if (handle < 0 || static_cast<std::size_t>(handle) >= entries_.size() || entries_[handle].pointer == nullptr) {
    throw ArgumentError("native: buffer " + std::to_string(handle) + " does not exist or was released.");
  }
  const Range& entry = entries_[handle];
  if (bytes > entry.bytes) {
    throw ArgumentError("native: a kernel touches " + std::to_string(bytes) + " bytes of buffer " + std::to_string(handle) +
                        ", which has " + std::to_string(entry.bytes) + ".");
  }
  return entry;
}

}  // namespace sconce
