// Matrices are cut into pieces of some rows and columns that the first-level cache holds twice.
#include "transpose.h"

#include <algorithm>

#include "../instruction_sets.h"
#include "transpose_blocks.h"

namespace sconce {

SCONCE_DISPATCH(TransposeTable, transpose_table)

namespace {

/** Rows and columns of a piece. */
constexpr std::int64_t kPiece = 64;

class Transpose final : public Kernel {
 public:
  explicit Transpose(Reader& reader) {
    matrices_ = reader.integer(1, kLargestExtent);
    rows_ = reader.integer(1, kLargestExtent);
    columns_ = reader.integer(1, kLargestExtent);
    if (!reader.done()) reader.fail("something follows its end");
    elements_ = reader.elements({matrices_, rows_, columns_});
    bytes_ = {static_cast<std::size_t>(elements_) * 4, static_cast<std::size_t>(elements_) * 4};
    inputs_ = 1;
  }

  void run(const Range* buffers, void*) const override {
    const float* from = static_cast<const float*>(buffers[0].pointer);
    float* to = static_cast<float*>(buffers[1].pointer);
    const std::int64_t down = (rows_ + kPiece - 1) / kPiece, across = (columns_ + kPiece - 1) / kPiece;
#pragma omp parallel for schedule(static) if (elements_ > 16384)
    for (std::int64_t unit = 0; unit < matrices_ * down * across; unit++) {
      const std::int64_t start = unit / (down * across) * rows_ * columns_;
      const std::int64_t column = unit / down % across * kPiece, row = unit % down * kPiece;
      transpose_table().piece(from + start + row * columns_ + column, columns_, std::min(kPiece, rows_ - row), std::min(kPiece, columns_ - column),
                              to + start + column * rows_ + row, rows_);
    }
  }

 private:
  std::int64_t matrices_, rows_, columns_, elements_;
};

}  // namespace

KernelPointer transpose(Reader& reader) { return std::make_shared<Transpose>(reader); }

}  // namespace sconce
