#include "spread.h"

#include <cstring>
#include <vector>

#include "../sizes.h"
#include "../team.h"

namespace sconce {
namespace {

class SpreadRows final : public Kernel {
 public:
  SpreadRows(KernelPointer kernel, std::int64_t rows, std::int64_t length, std::int64_t distance)
      : kernel_(std::move(kernel)), rows_(rows), length_(length), distance_(distance) {
    bytes_ = kernel_->bytes();
    inputs_ = kernel_->inputs();
    own_bytes_ = padded(bytes_.back());
    bytes_.back() = static_cast<std::size_t>((rows - 1) * distance + length) * sizeof(float);
    scratch_bytes_ = own_bytes_ + kernel_->scratch_bytes();
    calls_library_ = kernel_->calls_library();
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* rows = static_cast<const float*>(scratch);
    float* result = static_cast<float*>(buffers[inputs_].pointer);
    std::vector<Range> own(buffers, buffers + inputs_);
    own.push_back({scratch, own_bytes_, buffers[inputs_].version});
    kernel_->run(own.data(), static_cast<char*>(scratch) + own_bytes_);
    parallel_for(rows_, rows_ * length_ > 16384, [&](std::int64_t row) {
      std::memcpy(result + row * distance_, rows + row * length_, static_cast<std::size_t>(length_) * sizeof(float));
    });
  }

 private:
  KernelPointer kernel_;
  std::int64_t rows_, length_, distance_;
  std::size_t own_bytes_;
};

}  // namespace

KernelPointer spread_rows(KernelPointer kernel, std::int64_t rows, std::int64_t length, std::int64_t distance) {
  return std::make_shared<SpreadRows>(std::move(kernel), rows, length, distance);
}

}  // namespace sconce
