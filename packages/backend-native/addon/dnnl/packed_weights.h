// Weights in the layout that a primitive wants.
#pragma once

#include <dnnl.hpp>

#include "../kept_copies.h"
#include "engine.h"

namespace sconce {

class PackedWeights {
 public:
  PackedWeights(const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted)
      : plain_(plain), wanted_(wanted), needed_(plain != wanted), copies_(wanted.get_size()) {
    if (needed_) reorder_ = dnnl::reorder(dnnl::reorder::primitive_desc(cpu_engine(), plain_, cpu_engine(), wanted_));
  }

  std::size_t scratch_bytes() const { return needed_ ? padded(wanted_.get_size()) : 0; }

  /** The weights, in the wanted layout. */
  dnnl::memory get(const Range& weights, void* scratch) {
    if (!needed_) return view(plain_, weights.pointer);
    const auto reorder = [&](void* target) {
      reorder_.execute(cpu_stream(), {{DNNL_ARG_FROM, view(plain_, weights.pointer)}, {DNNL_ARG_TO, view(wanted_, target)}});
    };
    return view(wanted_, copies_.get(weights, scratch, reorder));
  }

 private:
  dnnl::memory::desc plain_;
  dnnl::memory::desc wanted_;
  bool needed_;
  dnnl::reorder reorder_;
  KeptCopies copies_;
};

}  // namespace sconce
