// Blocks of a few thousand elements are transposed one by one: what they read and write then stays in the first-level
// cache, whose lines are used whole.
#include "transpose.h"

#include <algorithm>

#include "../instruction_sets.h"
#include "../team.h"
#include "transpose_blocks.h"

namespace sconce {

SCONCE_DISPATCH(TransposeTable, transpose_table)

namespace {

constexpr std::int64_t kBlockRows = 64;
constexpr std::int64_t kBlockElements = 4096;

class Transpose final : public Kernel {
 public:
  explicit Transpose(Reader& reader) {
    const std::vector<std::int64_t> extents = {reader.integer(1, kLargestExtent), reader.integer(1, kLargestExtent), reader.integer(1, kLargestExtent)};
    matrices_ = extents[0];
    rows_ = extents[1];
    columns_ = extents[2];
    const std::size_t bytes = static_cast<std::size_t>(reader.elements(extents)) * 4;
    bytes_ = {bytes, bytes};
    inputs_ = 1;
    block_columns_ = kBlockElements / std::min(rows_, kBlockRows) / 64 * 64;
  }

  void run(const Range* buffers, void*) const override {
    const float* from = static_cast<const float*>(buffers[0].pointer);
    float* to = static_cast<float*>(buffers[1].pointer);
    const std::int64_t down = (rows_ + kBlockRows - 1) / kBlockRows;
    const std::int64_t across = (columns_ + block_columns_ - 1) / block_columns_;
    const auto block = transpose_table().block;
    parallel_for(matrices_ * down * across, matrices_ * rows_ * columns_ > 16384, [&](std::int64_t unit) {
      const std::int64_t matrix = unit / (down * across) * rows_ * columns_;
      const std::int64_t row = unit % down * kBlockRows;
      const std::int64_t column = unit / down % across * block_columns_;
      block(from + matrix + row * columns_ + column, columns_, to + matrix + column * rows_ + row, rows_,
            std::min(kBlockRows, rows_ - row), std::min(block_columns_, columns_ - column));
    });
  }

 private:
  std::int64_t matrices_, rows_, columns_;
  std::int64_t block_columns_;
};

}  // namespace

KernelPointer transpose(Reader& reader) { return std::make_shared<Transpose>(reader); }

}  // namespace sconce
