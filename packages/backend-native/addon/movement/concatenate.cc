// A row of the result is a row of every input: each is copied as a whole, long rows in pieces.
#include "../team.h"
#include "concatenate.h"

#include <algorithm>
#include <cstring>

namespace sconce {
namespace {

constexpr std::int64_t kPiece = std::int64_t{1} << 18;   // bytes
constexpr std::int64_t kSerial = std::int64_t{1} << 15;  // bytes that one thread copies sooner than two

class Concatenate final : public Kernel {
 public:
  explicit Concatenate(Reader& reader) {
    const std::int64_t element = reader.integer(1, 8);
    outer_ = reader.integer(1, kLargestExtent);
    for (const std::int64_t inner : reader.list(1, kLargestExtent, 4096)) {
      inner_.push_back(inner * element);
      total_ += inner * element;
    }
    if (inner_.empty()) reader.fail("it has no inputs");
    if (total_ > (std::int64_t{1} << 48) / outer_) reader.fail("it has too many elements");
    for (const std::int64_t inner : inner_) bytes_.push_back(static_cast<std::size_t>(outer_ * inner));
    inputs_ = inner_.size();
    bytes_.push_back(static_cast<std::size_t>(outer_ * total_));
  }

  void run(const Range* buffers, void*) const override {
    char* result = static_cast<char*>(buffers[inputs_].pointer);
    const std::int64_t pieces = (total_ + kPiece - 1) / kPiece;
    parallel_for(outer_ * pieces, outer_ * total_ > kSerial, [&](std::int64_t unit) {
      const std::int64_t row = unit / pieces;
      const std::int64_t first = total_ * (unit % pieces) / pieces;
      const std::int64_t last = total_ * (unit % pieces + 1) / pieces;
      std::int64_t start = 0;
      for (std::size_t i = 0; i < inner_.size(); start += inner_[i++]) {
        const std::int64_t from = std::max(first, start);
        const std::int64_t to = std::min(last, start + inner_[i]);
        if (from >= to) continue;
        std::memcpy(result + row * total_ + from, static_cast<const char*>(buffers[i].pointer) + row * inner_[i] + (from - start), static_cast<std::size_t>(to - from));
      }
    });
  }

 private:
  std::int64_t outer_ = 1;
  std::int64_t total_ = 0;            // bytes of a row of the result
  std::vector<std::int64_t> inner_;  // bytes of a row of each input
};

}  // namespace

KernelPointer concatenate(Reader& reader) { return std::make_shared<Concatenate>(reader); }

}  // namespace sconce
