// Whoever submits a program gives the outputs of a kept nest the versions that they had, where nothing has written there
// and the inputs are the same (Buffers::written_from). Here it is noted which version was made at which place, so that
// results of a run that failed are not taken for made.
#include "kept.h"

#include <atomic>
#include <unordered_map>

#include "../nest/nest_kernel.h"

namespace sconce {
namespace {

class KeptNest final : public Kernel {
 public:
  explicit KeptNest(KernelPointer nest) : nest_(std::move(nest)) {
    static std::atomic<std::uint64_t> last{0};
    number_ = ++last;
    bytes_ = nest_->bytes();
    inputs_ = nest_->inputs();
    scratch_bytes_ = nest_->scratch_bytes();
  }

  std::uint64_t keeps() const override { return number_; }

  void run(const Range* buffers, void* scratch) const override {
    bool all = true;
    for (std::size_t i = inputs_; all && i < bytes_.size(); i++) {
      const auto known = made_.find(buffers[i].pointer);
      all = known != made_.end() && known->second == buffers[i].version;
    }
    if (all) return;
    nest_->run(buffers, scratch);
    // Places of programs that are gone are not worth a list of their own.
    if (made_.size() > kMostPlaces) made_.clear();
    for (std::size_t i = inputs_; i < bytes_.size(); i++) made_[buffers[i].pointer] = buffers[i].version;
  }

 private:
  static constexpr std::size_t kMostPlaces = 4096;

  KernelPointer nest_;
  std::uint64_t number_;
  /** The version at each place that was written last. Kernels run on one thread, one after the other. */
  mutable std::unordered_map<const void*, std::uint64_t> made_;
};

class Hold final : public Kernel {
 public:
  explicit Hold(std::size_t count) {
    bytes_.assign(count + 1, 0);
    inputs_ = count;
  }
  void run(const Range*, void*) const override {}
};

}  // namespace

KernelPointer kept_nest(Reader& reader) { return std::make_shared<KeptNest>(nest_kernel(decode_nest(reader))); }

KernelPointer hold(Reader& reader) { return std::make_shared<Hold>(static_cast<std::size_t>(reader.integer(0, 1 << 20))); }

}  // namespace sconce
