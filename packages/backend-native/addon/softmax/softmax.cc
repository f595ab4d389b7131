#include "softmax.h"

#include "../instruction_sets.h"
#include "row_blocks.h"

namespace sconce {

SCONCE_DISPATCH(RowTable, row_table)

namespace {

using RowFunction = void (*)(const float* x, float* y, std::int64_t n);

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
#pragma omp parallel for schedule(static) if (rows_ > 1 && rows_ * length_ > 8192)
    for (std::int64_t row = 0; row < rows_; row++) function_(x + row * length_, y + row * length_, length_);
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
