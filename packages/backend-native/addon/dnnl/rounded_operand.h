// An operand as a primitive reads it: as it lies in memory, or rounded to bfloat16 beforehand.
#pragma once

#include <dnnl.hpp>

#include "engine.h"

namespace sconce {

/** What matmul and convolution multiply; sums are float32 either way. */
enum class Precision { kFloat32, kBfloat16 };

/** The description of an operand in this precision. */
inline dnnl::memory::desc in_precision(const dnnl::memory::desc& desc, dnnl::memory::format_tag tag, Precision precision) {
  return precision == Precision::kFloat32 ? desc : dnnl::memory::desc(desc.dims(), dnnl::memory::data_type::bf16, tag);
}

class RoundedOperand {
 public:
  RoundedOperand(const dnnl::memory::desc& plain, const dnnl::memory::desc& wanted) : plain_(plain), wanted_(wanted), needed_(plain != wanted) {
    if (needed_) reorder_ = dnnl::reorder(dnnl::reorder::primitive_desc(cpu_engine(), plain_, cpu_engine(), wanted_));
  }

  std::size_t scratch_bytes() const { return needed_ ? padded(wanted_.get_size()) : 0; }

  dnnl::memory get(const void* pointer, void* scratch) const {
    if (!needed_) return view(plain_, pointer);
    reorder_.execute(cpu_stream(), {{DNNL_ARG_FROM, view(plain_, pointer)}, {DNNL_ARG_TO, view(wanted_, scratch)}});
    return view(wanted_, scratch);
  }

 private:
  dnnl::memory::desc plain_, wanted_;
  bool needed_;
  dnnl::reorder reorder_;
};

}  // namespace sconce
