// Weights in the layout that a primitive wants.
//
// They are reordered into scratch memory before each use, except where the same contents come twice: then a copy in the
// wanted layout is kept until the weights change. Inference thus reorders once, training once per step.
#pragma once

#include <dnnl.hpp>

#include "../buffers.h"
#include "engine.h"

namespace sconce {

class PackedWeights {
 public:
  PackedWeights(const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted) : plain_(plain), wanted_(wanted), needed_(plain != wanted) {
    if (needed_) reorder_ = dnnl::reorder(dnnl::reorder::primitive_desc(cpu_engine(), plain_, cpu_engine(), wanted_));
  }
  ~PackedWeights() { drop(); }
  PackedWeights(const PackedWeights&) = delete;
  PackedWeights& operator=(const PackedWeights&) = delete;

  std::size_t scratch_bytes() const { return needed_ ? padded(wanted_.get_size()) : 0; }

  /** The weights, wanted layout. */
  dnnl::memory get(const Range& weights, void* scratch) {
    if (!needed_) return view(plain_, weights.pointer);
    if (weights.version == kept_version_ && kept_ != nullptr) return view(wanted_, kept_);
    const bool again = weights.version == seen_version_;
    if (again && kept_ == nullptr) kept_ = allocate_bytes(wanted_.get_size());
    if (!again) drop();
    void* target = again ? kept_ : scratch;
    reorder_.execute(cpu_stream(), {{DNNL_ARG_FROM, view(plain_, weights.pointer)}, {DNNL_ARG_TO, view(wanted_, target)}});
    seen_version_ = weights.version;
    if (again) kept_version_ = weights.version;
    return view(wanted_, target);
  }

 private:
  void drop() {
    if (kept_ != nullptr) free_bytes(kept_, wanted_.get_size());
    kept_ = nullptr;
    kept_version_ = 0;
  }

  dnnl::memory::desc plain_;
  dnnl::memory::desc wanted_;
  bool needed_;
  dnnl::reorder reorder_;
  void* kept_ = nullptr;
  std::uint64_t kept_version_ = 0;
  std::uint64_t seen_version_ = 0;
};

}  // namespace sconce
