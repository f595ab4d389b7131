// Copies, in the layout that a primitive wants, of operands that come again and again with the same contents: the weights
// of a recurrent layer at every step, those of a linear layer at every prediction.
//
// Contents that come once are not worth reordering; those that come a second time get a copy. A few are kept, the oldest
// making place for the next, since layers of one shape share their kernel.
#pragma once

#include <array>
#include <dnnl.hpp>

#include "../buffers.h"
#include "engine.h"

namespace sconce {

class PackedCopies {
 public:
  PackedCopies(const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted)
      : plain_(plain), wanted_(wanted), reorder_(dnnl::reorder::primitive_desc(cpu_engine(), plain_, cpu_engine(), wanted_)) {}
  ~PackedCopies() {
    for (const Copy& copy : copies_) {
      if (copy.pointer != nullptr) free_bytes(copy.pointer, wanted_.get_size());
    }
  }
  PackedCopies(const PackedCopies&) = delete;
  PackedCopies& operator=(const PackedCopies&) = delete;

  /** The copy of these contents, or nullptr where they have not come before. */
  void* find(const Range& operand) {
    for (Copy& copy : copies_) {
      if (copy.version != operand.version) continue;
      if (!copy.made) make(copy, operand);
      return copy.pointer;
    }
    Copy& oldest = copies_[next_++ % copies_.size()];
    oldest.version = operand.version;
    oldest.made = false;
    return nullptr;
  }

 private:
  /** What came with a version; its memory outlasts it. */
  struct Copy {
    std::uint64_t version = 0;
    bool made = false;
    void* pointer = nullptr;
  };

  void make(Copy& copy, const Range& operand) {
    if (copy.pointer == nullptr) copy.pointer = allocate_bytes(wanted_.get_size());
    reorder_.execute(cpu_stream(), {{DNNL_ARG_FROM, view(plain_, operand.pointer)}, {DNNL_ARG_TO, view(wanted_, copy.pointer)}});
    copy.made = true;
  }

  dnnl::memory::desc plain_;
  dnnl::memory::desc wanted_;
  dnnl::reorder reorder_;
  std::array<Copy, 4> copies_;
  std::size_t next_ = 0;
};

}  // namespace sconce
