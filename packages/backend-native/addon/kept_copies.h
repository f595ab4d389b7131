// Copies of buffers in another form, kept while the buffers' contents stay the same.
//
// The form is made in scratch memory for a use that comes once. Contents that come again get a copy that is kept:
// inference thus transforms its weights once, and training, where weights change in every step, keeps nothing. Layers of
// one shape share their kernel, so copies for many versions are kept beside each other, the oldest making place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "buffers.h"

namespace sconce {

class KeptCopies {
 public:
  explicit KeptCopies(std::size_t bytes) : bytes_(bytes) {}
  ~KeptCopies() {
    for (Copy& copy : copies_) drop(copy);
  }
  KeptCopies(const KeptCopies&) = delete;
  KeptCopies& operator=(const KeptCopies&) = delete;

  /** The other form of `source`; `make(target)` writes it. */
  template <class Make>
  void* get(const Range& source, void* scratch, const Make& make) {
    for (Copy& copy : copies_) {
      if (copy.version != source.version) continue;
      if (copy.pointer == nullptr) {
        copy.pointer = allocate_bytes(bytes_);
        make(copy.pointer);
      }
      return copy.pointer;
    }
    Copy& oldest = copies_[next_++ % copies_.size()];
    drop(oldest);
    oldest.version = source.version;
    make(scratch);
    return scratch;
  }

 private:
  struct Copy {
    std::uint64_t version = 0;
    void* pointer = nullptr;
  };

  void drop(Copy& copy) {
    if (copy.pointer != nullptr) free_bytes(copy.pointer, bytes_);
    copy = Copy();
  }

  std::size_t bytes_;
  std::array<Copy, 64> copies_;
  std::size_t next_ = 0;
};

}  // namespace sconce
