#include "parts.h"

#include <algorithm>

#include "../moments/moments.h"
#include "../nest/nest_kernel.h"
#include "../sizes.h"
#include "../team.h"

namespace sconce {
namespace {

class Parts final : public Kernel {
 public:
  explicit Parts(Reader& reader) {
    parts_ = reader.integer(1, kLargestExtent);
    at_once_ = reader.integer(1, parts_);
    inputs_ = static_cast<std::size_t>(reader.integer(0, kMost));
    bytes_.resize(inputs_ + static_cast<std::size_t>(reader.integer(1, kMost)));
    stages_.resize(static_cast<std::size_t>(reader.integer(1, kMost)));
    for (Stage& stage : stages_) {
      read_stage(reader, stage);
      stage.scratch = scratch_bytes_;
      scratch_bytes_ += padded(stage.kernel->scratch_bytes());
    }
    if (!reader.done()) reader.fail("something follows its end");
  }

  void run(const Range* buffers, void* scratch) const override {
    const std::int64_t pieces = ceiling(parts_, at_once_);
    parallel_for(pieces, [&](std::int64_t piece) {
      const std::int64_t first = piece * at_once_;
      const std::int64_t last = std::min(first + at_once_, parts_);
      std::vector<Range> own;
      for (const Stage& stage : stages_) {
        own.clear();
        for (const std::int64_t buffer : stage.buffers) own.push_back(buffers[buffer]);
        stage.kernel->run_parts(own.data(), static_cast<char*>(scratch) + stage.scratch, first, last);
      }
    });
  }

 private:
  static constexpr std::int64_t kMost = 4096;

  struct Stage {
    PartedPointer kernel;
    std::vector<std::int64_t> buffers;
    std::size_t scratch = 0;
  };

  void read_stage(Reader& reader, Stage& stage) {
    const bool is_nest = reader.integer(0, 1) == 0;
    const int loop = is_nest ? static_cast<int>(reader.integer(0, 63)) : 0;
    stage.buffers = reader.list(0, static_cast<std::int64_t>(bytes_.size()) - 1, kMost);
    Reader own = reader.part(reader.integer(0, kLargestExtent));
    stage.kernel = is_nest ? parted_nest(decode_nest(own), loop) : parted_moments(own);
    const std::vector<std::size_t>& bytes = stage.kernel->bytes();
    if (stage.kernel->parts() != parts_) reader.fail("a kernel has another number of parts");
    if (stage.buffers.size() != bytes.size()) reader.fail("a kernel has another number of buffers");
    for (std::size_t i = 0; i < bytes.size(); i++) {
      const std::size_t buffer = static_cast<std::size_t>(stage.buffers[i]);
      if (i >= stage.kernel->inputs() && buffer < inputs_) reader.fail("a kernel writes to an input");
      bytes_[buffer] = std::max(bytes_[buffer], bytes[i]);
    }
  }

  std::int64_t parts_;
  std::int64_t at_once_;
  std::vector<Stage> stages_;
};

}  // namespace

KernelPointer parts(Reader& reader) { return std::make_shared<Parts>(reader); }

}  // namespace sconce
