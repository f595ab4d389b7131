// Copies of buffers in another form, kept while the buffers' contents stay the same.
//
// The form is made in scratch memory for a use that comes once. Contents that come again get a copy that is kept:
// inference thus transforms its weights once, a recurrent layer once per training step, and other training, where weights
// change with every use, keeps nothing. Layers of one shape share their kernel, so copies of many buffers are kept beside
// each other, the oldest making place.
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
    void* const copy = kept(source, make);
    if (copy == nullptr) make(scratch);
    return copy != nullptr ? copy : scratch;
  }

  /** The same where it is worth keeping, and null for contents that may not come again. */
  template <class Make>
  void* kept(const Range& source, const Make& make) {
    Copy& copy = find(source);
    const bool is_known = copy.version == source.version;
    // What came again before it changed will do so after it, too.
    const bool is_kept = is_known || copy.came_again;
    if (!is_known) copy.is_made = false;
    copy.came_again = is_known;
    copy.source = source.pointer;
    copy.version = source.version;
    if (!is_kept) return nullptr;
    if (copy.pointer == nullptr) copy.pointer = allocate_bytes(bytes_);
    if (!copy.is_made) make(copy.pointer);
    copy.is_made = true;
    return copy.pointer;
  }

 private:
  /** What is known of a buffer; the copy itself is there only if it was worth one. */
  struct Copy {
    const void* source = nullptr;
    std::uint64_t version = 0;
    bool came_again = false;
    bool is_made = false;
    void* pointer = nullptr;
  };

  /** The entry of that version, or of the buffer with other contents, or the oldest, emptied. */
  Copy& find(const Range& source) {
    for (Copy& copy : copies_) {
      if (copy.version == source.version && copy.source != nullptr) return copy;
    }
    for (Copy& copy : copies_) {
      if (copy.source == source.pointer) return copy;
    }
    Copy& oldest = copies_[next_++ % copies_.size()];
    drop(oldest);
    return oldest;
  }

  void drop(Copy& copy) {
    if (copy.pointer != nullptr) free_bytes(copy.pointer, bytes_);
    copy = Copy();
  }

  std::size_t bytes_;
  std::array<Copy, 64> copies_;
  std::size_t next_ = 0;
};

}  // namespace sconce
