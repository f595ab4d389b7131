#include "softmax.h"

#include "../instruction_sets.h"
#include "../nest/blocks.h"
#include "../team.h"
#include "../thread_memory.h"
#include "row_blocks.h"

namespace sconce {

SCONCE_DISPATCH(RowTable, row_table)

namespace {

using RowFunction = void (*)(const float* x, float* y, std::int64_t n, float* staged);

/** Results of at least this many bytes, which caches would not hold beside x, are stored past them if a row fits the first-level cache. */
constexpr std::size_t kStreamed = std::size_t{12} << 20;
constexpr std::int64_t kLongestStaged = 4096;

class Softmax final : public Kernel {
 public:
  Softmax(Reader& reader, RowFunction function)
      : rows_(reader.integer(1, kLargestExtent)), length_(reader.integer(1, kLargestExtent)), function_(function) {
    if (rows_ > (std::int64_t{1} << 48) / length_) reader.fail("it has too many elements");
    const std::size_t bytes = static_cast<std::size_t>(rows_ * length_) * 4;
    bytes_ = {bytes, bytes};
    inputs_ = 1;
  }

  void run(const Range* buffers, void*) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    float* y = static_cast<float*>(buffers[1].pointer);
    const bool streams = bytes_[1] >= kStreamed && length_ <= kLongestStaged;
    parallel_ranges(rows_, rows_ * length_ > 8192, [&](std::int64_t first, std::int64_t last) {
      float* staged = streams ? static_cast<float*>(thread_memory(static_cast<std::size_t>(length_) * sizeof(float))) : nullptr;
      for (std::int64_t row = first; row < last; row++) function_(x + row * length_, y + row * length_, length_, staged);
      if (streams) finish_streams();
    });
  }

 private:
  std::int64_t rows_;
  std::int64_t length_;
  RowFunction function_;
};

}  // namespace

KernelPointer softmax(Reader& reader) { return std::make_shared<Softmax>(reader, row_table().softmax); }
KernelPointer log_softmax(Reader& reader) { return std::make_shared<Softmax>(reader, row_table().log_softmax); }

}  // namespace sconce
