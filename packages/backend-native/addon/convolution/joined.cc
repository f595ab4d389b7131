#include "joined.h"

#include <algorithm>
#include <vector>

#include "../dnnl/convolution.h"

namespace sconce {
namespace {

class Joined final : public Kernel {
 public:
  explicit Joined(Reader& reader) {
    std::size_t bytes = 0;
    parts_.resize(static_cast<std::size_t>(reader.integer(1, kMost)));
    for (Part& part : parts_) {
      part.start = static_cast<std::size_t>(reader.integer(0, kLargestExtent)) * sizeof(float);
      part.kernel = convolution(reader);
      const std::vector<std::size_t>& own = part.kernel->bytes();
      bytes_.insert(bytes_.end(), own.begin(), own.end() - 1);
      bytes = std::max(bytes, part.start + own.back());
      scratch_bytes_ = std::max(scratch_bytes_, part.kernel->scratch_bytes());
      calls_library_ = calls_library_ || part.kernel->calls_library();
    }
    inputs_ = bytes_.size();
    bytes_.push_back(bytes);
  }

  void run(const Range* buffers, void* scratch) const override {
    const Range& result = buffers[inputs_];
    std::vector<Range> own;
    for (const Part& part : parts_) {
      own.assign(buffers, buffers + part.kernel->inputs());
      buffers += part.kernel->inputs();
      own.push_back({static_cast<char*>(result.pointer) + part.start, result.bytes - part.start, result.version});
      part.kernel->run(own.data(), scratch);
    }
  }

 private:
  static constexpr std::int64_t kMost = 64;

  struct Part {
    std::size_t start = 0;  // in bytes
    KernelPointer kernel;
  };

  std::vector<Part> parts_;
};

}  // namespace

KernelPointer joined_convolutions(Reader& reader) { return std::make_shared<Joined>(reader); }

}  // namespace sconce
