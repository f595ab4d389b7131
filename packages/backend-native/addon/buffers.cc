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
constexpr std::size_t kPage = 4096;

/** Large pieces are whole pages, but not whole huge ones: what is left over at their end would be wasted. */
std::size_t rounded(std::size_t bytes) {
  const std::size_t unit = bytes >= kHugePage ? kPage : kAlignment;
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

void Buffers::clear() {
  for (const Entry& entry : entries_) {
    if (entry.range.pointer != nullptr) free_bytes(entry.range.pointer, entry.range.bytes);
  }
  entries_.clear();
  free_.clear();
}

std::int32_t Buffers::allocate(std::size_t bytes) {
  const Entry entry{{allocate_bytes(bytes), bytes, ++version_}, 0, {}};
  if (free_.empty()) {
    entries_.push_back(entry);
    return static_cast<std::int32_t>(entries_.size() - 1);
  }
  const std::int32_t number = free_.back();
  free_.pop_back();
  entries_[number] = entry;
  return number;
}

Buffers::Entry Buffers::release(std::int32_t number) {
  const Entry entry = at(number, 0);
  entries_[number] = Entry{};
  free_.push_back(number);
  return entry;
}

const Buffers::Entry& Buffers::at(std::int32_t number, std::size_t bytes) const {
  if (number < 0 || static_cast<std::size_t>(number) >= entries_.size() || entries_[number].range.pointer == nullptr) {
    throw ArgumentError("native: buffer " + std::to_string(number) + " does not exist or was released.");
  }
  const Entry& entry = entries_[number];
  if (bytes > entry.range.bytes) {
    throw ArgumentError("native: " + std::to_string(bytes) + " bytes of buffer " + std::to_string(number) + " are asked for, which has " +
                        std::to_string(entry.range.bytes) + ".");
  }
  return entry;
}

}  // namespace sconce
