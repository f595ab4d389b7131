// Threads take the outer slices, or ranges of columns where these are few: no two write the same element, and each adds
// in the order of the positions.
#include "../team.h"
#include "take_add.h"

#include <algorithm>
#include <cstring>

namespace sconce {
namespace {

/** Columns of a piece, at least: a few cache lines. */
constexpr std::int64_t kColumns = 64;

class TakeAdd final : public Kernel {
 public:
  explicit TakeAdd(Reader& reader)
      : outer_(reader.integer(1, kLargestExtent)), extent_(reader.integer(1, kLargestExtent)), count_(reader.integer(1, kLargestExtent)), inner_(reader.integer(1, kLargestExtent)) {
    const std::int64_t rows = std::max(extent_, count_);
    std::int64_t total = 0;
    if (__builtin_mul_overflow(outer_, rows, &total) || __builtin_mul_overflow(total, inner_, &total) || total > (std::int64_t{1} << 48)) reader.fail("it has too many elements");
    bytes_ = {static_cast<std::size_t>(outer_ * count_ * inner_) * 4, static_cast<std::size_t>(count_) * 4, static_cast<std::size_t>(outer_ * extent_ * inner_) * 4};
    inputs_ = 2;
  }

  void run(const Range* buffers, void*) const override {
    const float* updates = static_cast<const float*>(buffers[0].pointer);
    const std::int32_t* positions = static_cast<const std::int32_t*>(buffers[1].pointer);
    float* result = static_cast<float*>(buffers[2].pointer);
    const std::int64_t pieces = std::max<std::int64_t>(1, std::min<std::int64_t>(16, inner_ / kColumns));
    const std::int64_t units = outer_ * pieces;
    parallel_for(units, outer_ * (extent_ + count_) * inner_ > 32768, [&](std::int64_t unit) {
      const std::int64_t outer = unit / pieces;
      const std::int64_t first = inner_ * (unit % pieces) / pieces;
      const std::int64_t columns = inner_ * (unit % pieces + 1) / pieces - first;
      float* to = result + outer * extent_ * inner_ + first;
      const float* from = updates + outer * count_ * inner_ + first;
      for (std::int64_t row = 0; row < extent_; row++) std::memset(to + row * inner_, 0, static_cast<std::size_t>(columns) * 4);
      for (std::int64_t i = 0; i < count_; i++) {
        const std::int64_t position = positions[i];
        if (position < 0 || position >= extent_) continue;
        float* sum = to + position * inner_;
        const float* update = from + i * inner_;
        for (std::int64_t c = 0; c < columns; c++) sum[c] += update[c];
      }
    });
  }

 private:
  std::int64_t outer_;
  std::int64_t extent_;
  std::int64_t count_;
  std::int64_t inner_;
};

}  // namespace

KernelPointer take_add(Reader& reader) { return std::make_shared<TakeAdd>(reader); }

}  // namespace sconce
