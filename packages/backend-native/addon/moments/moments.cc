// A unit of work is a range of columns (one, where the inner loop lies side by side) over a piece of the reduction, taken
// block by block. Pieces depend on the shape alone and are joined in order, so that the threads never show in results.
#include "moments.h"

#include <algorithm>

#include "../instruction_sets.h"
#include "../sizes.h"
#include "../team.h"
#include "moment_blocks.h"

namespace sconce {

SCONCE_DISPATCH(MomentTable, moment_table)

namespace {

class Moments final : public PartedKernel {
 public:
  Moments(Reader& reader, bool in_parts) {
    outputs_ = reader.integer(1, kLargestExtent);
    stride_ = reader.integer(0, kMostElements);
    outer_ = reader.integer(1, kLargestExtent);
    outer_stride_ = reader.integer(0, kMostElements);
    inner_ = reader.integer(1, kLargestExtent);
    inner_stride_ = reader.integer(0, kMostElements);
    if (!reader.done()) reader.fail("something follows its end");
    reader.elements({outputs_, outer_, inner_});
    if (stride_ != 1 && inner_stride_ != 1) reader.fail("neither results nor elements lie side by side");
    const auto reach = [](std::int64_t extent, std::int64_t stride) { return static_cast<__int128>(extent - 1) * stride; };
    const __int128 elements = reach(outputs_, stride_) + reach(outer_, outer_stride_) + reach(inner_, inner_stride_) + 1;
    if (elements > kMostElements) reader.fail("it has too many elements");
    is_along_ = inner_stride_ == 1;
    columns_ = is_along_ ? 1 : std::min(outputs_, kMomentColumns);
    column_blocks_ = (outputs_ + columns_ - 1) / columns_;
    // Blocks are of 32 KiB at most, and no longer than float32 sums stay precise. Side by side, they are of about one size.
    constexpr std::int64_t most = 4096, line = 64;
    const std::int64_t even = ceiling(ceiling(inner_, ceiling(inner_, most)), line) * line;
    longest_ = is_along_ ? even : std::min<std::int64_t>(128, 8192 / columns_);
    constexpr std::int64_t wanted = 64, least = 16384;  // units of work, and elements of a piece
    if (!in_parts) pieces_ = std::max<std::int64_t>(1, std::min((wanted + column_blocks_ - 1) / column_blocks_, depth() * columns_ / least));
    const std::size_t result = static_cast<std::size_t>(outputs_) * 4;
    bytes_ = {static_cast<std::size_t>(elements) * 4, result, result};
    inputs_ = 1;
    scratch_bytes_ = static_cast<std::size_t>(outputs_ * pieces_) * 16;
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    double* sums = static_cast<double*>(scratch);
    double* squares = sums + outputs_ * pieces_;
    const std::int64_t units = column_blocks_ * pieces_;
    parallel_for(units, outputs_ * depth() > 16384, [&](std::int64_t unit) {
      const std::int64_t piece = unit % pieces_;
      const std::int64_t column = unit / pieces_ * columns_;
      const std::int64_t place = piece * outputs_ + column;
      sum_up(x + column * stride_, piece, std::min(columns_, outputs_ - column), sums + place, squares + place);
    });
    for (std::int64_t i = 0; i < outputs_; i++) {
      for (std::int64_t piece = 1; piece < pieces_; piece++) {
        const std::int64_t place = piece * outputs_ + i;
        join_moments(start(piece), sums + i, squares + i, start(piece + 1) - start(piece), sums[place], squares[place]);
      }
    }
    write(buffers, sums, squares, 0, outputs_);
  }

  std::int64_t parts() const override { return outputs_; }

  void run_parts(const Range* buffers, void* scratch, std::int64_t first, std::int64_t last) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    double* sums = static_cast<double*>(scratch);
    double* squares = sums + outputs_;
    for (std::int64_t column = first; column < last; column += columns_) {
      sum_up(x + column * stride_, 0, std::min(columns_, last - column), sums + column, squares + column);
    }
    write(buffers, sums, squares, first, last);
  }

 private:
  static void write(const Range* buffers, const double* sums, const double* squares, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; i++) {
      static_cast<float*>(buffers[1].pointer)[i] = static_cast<float>(sums[i]);
      static_cast<float*>(buffers[2].pointer)[i] = static_cast<float>(squares[i]);
    }
  }

  /** Elements of a result. */
  std::int64_t depth() const { return outer_ * inner_; }
  std::int64_t start(std::int64_t piece) const { return depth() / pieces_ * piece + std::min(piece, depth() % pieces_); }

  void sum_up(const float* x, std::int64_t piece, std::int64_t columns, double* sums, double* squares) const {
    const std::int64_t first = start(piece);
    const std::int64_t last = start(piece + 1);
    std::int64_t outer = first / inner_;
    std::int64_t within = first % inner_;
    const auto place = [&] { return x + outer * outer_stride_ + within * inner_stride_; };
    for (std::int64_t row = first, rows = 0; row < last; row += rows) {
      rows = std::min({longest_, inner_ - within, last - row});
      const float* const from = place();
      within += rows;
      if (within == inner_) {
        outer++;
        within = 0;
      }
      if (is_along_) moment_table().along(from, outer < outer_ ? place() : x + stride_, rows, row - first, sums, squares);
      else moment_table().across(from, inner_stride_, rows, columns, row - first, sums, squares);
    }
  }

  std::int64_t outputs_, stride_, outer_, outer_stride_, inner_, inner_stride_;
  bool is_along_ = false;
  std::int64_t columns_ = 1;
  std::int64_t column_blocks_ = 1;
  std::int64_t pieces_ = 1;
  /** Rows of a block, at most. */
  std::int64_t longest_ = 1;
};

}  // namespace

KernelPointer moments(Reader& reader) { return std::make_shared<Moments>(reader, false); }

PartedPointer parted_moments(Reader& reader) { return std::make_shared<Moments>(reader, true); }

}  // namespace sconce
