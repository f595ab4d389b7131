// Runs a nest: elementwise work over the output; reductions first into accumulators, then the epilogue over those.
#include "nest_kernel.h"

#include <algorithm>
#include <memory>

#include "elementwise.h"
#include "loops.h"
#include "reduction.h"
#include "single.h"

namespace sconce {
namespace {

class NestKernel final : public PartedKernel {
 public:
  /** With the output loop that it will be parted along, or -1. */
  NestKernel(const Nest& nest, int loop)
      : shape_(nest.shape), loop_(loop), elementwise_(nest.reduces ? nest.epilogue : nest.body, nest.shape, nest.stores) {
    inputs_ = nest.inputs.size();
    for (std::size_t i = 0; i < inputs_; i++) bytes_.push_back(static_cast<std::size_t>(nest.touched[i]) * bytes_per_element(nest.inputs[i]));
    const std::int64_t outputs = product_of(nest.shape, 0, nest.shape.size());
    int results = 0;
    for (const Store& store : nest.stores) results = std::max(results, store.result + 1);
    bytes_.resize(inputs_ + static_cast<std::size_t>(results));
    for (const Store& store : nest.stores) bytes_[inputs_ + static_cast<std::size_t>(store.result)] = static_cast<std::size_t>(outputs * store.parts) * bytes_per_element(store.dtype);
    if (nest.reduces) {
      reduction_ = std::make_unique<Reduction>(nest, loop >= 0);
      accumulators_ = nest.accumulators.size();
      scratch_bytes_ = reduction_->result_bytes() + reduction_->partial_bytes();
    }
  }

  void run(const Range* buffers, void* scratch) const override {
    if (reduction_) reduction_->run(buffers, scratch);
    elementwise_.run(buffers, buffers + inputs_, finished(scratch).data());
  }

  std::int64_t parts() const override { return shape_[static_cast<std::size_t>(loop_)]; }

  void run_parts(const Range* buffers, void* scratch, std::int64_t first, std::int64_t last) const override {
    const std::size_t loop = static_cast<std::size_t>(loop_);
    if (reduction_) reduction_->run_parts(buffers, scratch, parts(), first, last);
    elementwise_.run_parts(buffers, buffers + inputs_, finished(scratch).data(), shape_, loop, first, last);
  }

 private:
  /** Where the finished accumulators are. */
  std::vector<const void*> finished(void* scratch) const {
    std::vector<const void*> results(accumulators_);
    for (std::size_t i = 0; i < accumulators_; i++) results[i] = reduction_->result(scratch, i);
    return results;
  }

  std::vector<std::int64_t> shape_;
  int loop_;
  std::size_t accumulators_ = 0;
  Elementwise elementwise_;
  std::unique_ptr<Reduction> reduction_;
};

}  // namespace

KernelPointer nest_kernel(Nest nest) { return std::make_shared<NestKernel>(without_single_reduction(std::move(nest)), -1); }

PartedPointer parted_nest(Nest nest, int loop) {
  if (loop < 0 || loop >= static_cast<int>(nest.shape.size()) || (nest.reduces && loop > 0)) throw ArgumentError("native: malformed parts: a nest has no such loop to be parted along.");
  return std::make_shared<NestKernel>(without_single_reduction(std::move(nest)), loop);
}

}  // namespace sconce
