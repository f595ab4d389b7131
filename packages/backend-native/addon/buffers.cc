#include "buffers.h"

#include <cstdlib>
#include <new>
#include <string>

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define SCONCE_MAPS_LARGE 1
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

#if defined(SCONCE_MAPS_LARGE)

bool comes_as_zeros(std::size_t bytes) { return bytes >= kHugePage; }

namespace {

/** Pages of their own from the first byte of a huge page on. What is mapped too much for that goes back at once. */
void* map_pages(std::size_t size) {
  void* mapped = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const from = static_cast<char*>(mapped);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(from) % kHugePage) % kHugePage;
  if (before > 0) munmap(from, before);
  munmap(from + before + size, kHugePage - before);
  // First touches of small pages are dear; the hint may be ignored.
  madvise(from + before, size, MADV_HUGEPAGE);
  return from + before;
}

}  // namespace

#else

bool comes_as_zeros(std::size_t) { return false; }

#endif

void* allocate_bytes(std::size_t bytes) {
  const std::size_t size = rounded(bytes == 0 ? 1 : bytes);
#if defined(SCONCE_MAPS_LARGE)
  if (comes_as_zeros(bytes)) return map_pages(size);
#endif
  void* pointer = nullptr;
  if (posix_memalign(&pointer, size >= kHugePage ? kHugePage : kAlignment, size) != 0) throw std::bad_alloc();
  return pointer;
}

void free_bytes(void* pointer, std::size_t bytes) {
#if defined(SCONCE_MAPS_LARGE)
  if (comes_as_zeros(bytes)) {
    munmap(pointer, rounded(bytes));
    return;
  }
#endif
  static_cast<void>(bytes);
  std::free(pointer);
}

void Buffers::clear() {
  for (const Entry& entry : entries_) {
    if (entry.range.pointer != nullptr) free_bytes(entry.range.pointer, entry.range.bytes);
  }
  entries_.clear();
  free_.clear();
}

std::int32_t Buffers::allocate(std::size_t bytes) {
  const Entry entry{{allocate_bytes(bytes), bytes, ++version_, comes_as_zeros(bytes)}, 0, {}};
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
