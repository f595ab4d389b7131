// The expanded image is large, and is never written as a whole: a few of its rows at a time are made in a buffer that stays
// in the second-level cache, and read from there. Rows that the next windows need once more move to the buffer's
// beginning. A thread goes down a band of the image; only the rows around a border between bands are made twice.
#include "expanded.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "../depthwise/part_memory.h"
#include "../kept_copies.h"
#include "../product/panels.h"
#include "../results/result_steps.h"
#include "../team.h"
#include "../thread_memory.h"

namespace sconce {
namespace {

/** Bytes of the expanded image that are made at a time. */
constexpr std::int64_t kStripBytes = std::int64_t{256} << 10;

struct Rows {
  std::int64_t begin, end;

  std::int64_t count() const { return end - begin; }
};

class Expanded final : public Kernel {
 public:
  Expanded(const DirectShape& first, const PostOperations& first_post, const DepthwiseShape& second, const PostOperations& second_post)
      : first_(first), second_(second), first_post_(first_post), second_post_(second_post), panels_(first.inputs, first.outputs), row_(second.width * second.channels),
        packed_(panels_.bytes()), taps_(packed_taps_bytes(second)) {
    bytes_ = {bytes_of(first.batch * first.height * first.width * first.inputs), bytes_of(first.inputs * first.outputs)};
    for (const std::size_t bytes : first_post.bytes()) bytes_.push_back(bytes);
    second_weight_ = bytes_.size();
    bytes_.push_back(bytes_of(second.channels * second.taps()));
    for (const std::size_t bytes : second_post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(bytes_of(second.outputs()));
    const std::int64_t window = (second.kernel_height - 1) * second.dilation_height + 1;
    const std::int64_t rows = (kStripBytes / (row_ * kFloat) - window) / second.stride_height + 1;
    // Two rows of results are computed together.
    strip_ = std::max<std::int64_t>(2, rows / 2 * 2);
    most_rows_ = std::min((strip_ - 1) * second.stride_height + window, second.height);
    taps_at_ = padded(panels_.bytes());
    scratch_bytes_ = taps_at_ + packed_taps_bytes(second);
  }

  void run(const Range* buffers, void* scratch) const override {
    const Range &first_weight = buffers[1], &second_weight = buffers[second_weight_];
    const std::vector<ResultStep> first_steps = result_steps(first_post_, buffers + 2), second_steps = result_steps(second_post_, buffers + second_weight_ + 1);
    Operands all;
    all.x = static_cast<const float*>(buffers[0].pointer);
    all.y = static_cast<float*>(buffers[inputs_].pointer);
    all.first_chain = result_chain(first_steps);
    all.second_chain = result_chain(second_steps);
    all.weight = static_cast<const float*>(packed_.get(first_weight, scratch, [&](void* to) { panels_.pack_transposed(static_cast<const float*>(first_weight.pointer), static_cast<float*>(to)); }));
    all.taps = static_cast<const float*>(taps_.get(second_weight, static_cast<char*>(scratch) + taps_at_, [&](void* to) {
      depthwise_table().pack(static_cast<const float*>(second_weight.pointer), second_, false, static_cast<float*>(to));
    }));
    // Every result is the same sum however the bands are cut, so there may be as many as threads.
    const std::int64_t height = second_.output_height;
    const std::int64_t bands = std::clamp<std::int64_t>(ceiling(team_size(), second_.batch), 1, ceiling(height, 4));
    parallel_for(second_.batch * bands, [&](std::int64_t i) {
      const std::int64_t band = i % bands;
      run_band(all, i / bands, {height * band / bands, height * (band + 1) / bands});
    });
  }

 private:
  struct Operands {
    const float *x, *weight, *taps;
    float* y;
    ResultChain first_chain, second_chain;
  };

  /** Rows of the expanded image that the windows of these rows of results meet. */
  Rows met(Rows results) const {
    const std::int64_t begin = results.begin * second_.stride_height - second_.top;
    const std::int64_t end = (results.end - 1) * second_.stride_height - second_.top + (second_.kernel_height - 1) * second_.dilation_height + 1;
    const std::int64_t first = std::clamp<std::int64_t>(begin, 0, second_.height);
    return {first, std::clamp(end, first, second_.height)};
  }

  void run_band(const Operands& all, std::int64_t image, Rows band) const {
    const std::size_t buffer_bytes = bytes_of(most_rows_ * row_), pointer_bytes = static_cast<std::size_t>(most_rows_ * second_.width) * sizeof(float*);
    char* const memory = static_cast<char*>(thread_memory(buffer_bytes + pointer_bytes + PartMemory::bytes(second_)));
    float* const buffer = reinterpret_cast<float*>(memory);
    const float** const pixels = reinterpret_cast<const float**>(memory + buffer_bytes);
    const PartMemory parts(second_, memory + buffer_bytes + pointer_bytes);
    const std::int64_t results = second_.output_height * second_.output_width * second_.channels;
    const float* const x = all.x + image * first_.height * first_.width * first_.inputs;
    Rows present = {0, 0};
    for (Rows strip = {band.begin, band.begin}; strip.end < band.end;) {
      strip = {strip.end, std::min(band.end, strip.end + strip_)};
      const Rows needed = met(strip);
      const std::int64_t kept = std::clamp<std::int64_t>(present.end - needed.begin, 0, needed.count());
      if (kept > 0) std::memmove(buffer, buffer + (needed.begin - present.begin) * row_, bytes_of(kept * row_));
      expand(all, x, {needed.begin + kept, needed.end}, buffer + kept * row_, pixels);
      present = needed;
      // Where row 0 of the expanded image would lie.
      const float* const expanded = buffer - needed.begin * row_;
      const DepthwisePart part = parts.part(second_, strip.begin, strip.end, 0, block_count(second_, depthwise_table().lanes));
      depthwise_table().forward(part, expanded, all.taps, all.y + image * results, all.y, all.second_chain);
    }
  }

  /** Rows of the expanded image. */
  void expand(const Operands& all, const float* x, Rows rows, float* to, const float** pixels) const {
    const std::int64_t count = rows.count() * first_.width;
    for (std::int64_t i = 0; i < count; i++) pixels[i] = x + (rows.begin * first_.width + i) * first_.inputs;
    for (std::int64_t panel = 0; panel < panels_.count(); panel++) {
      PanelProduct product = panels_.product(all.weight, panel);
      product.rows = pixels;
      product.row_count = product.last = count;
      product.depth = first_.inputs;
      product.result = to + product.column;
      product.result_step = first_.outputs;
      product.chain = &all.first_chain;
      product_table().multiply(product);
    }
  }

  DirectShape first_;
  DepthwiseShape second_;
  PostOperations first_post_, second_post_;
  Panels panels_;
  std::int64_t row_;  // elements of a row of the expanded image
  std::int64_t strip_ = 0, most_rows_ = 0;
  std::size_t second_weight_ = 0, taps_at_ = 0;
  mutable KeptCopies packed_, taps_;
};

}  // namespace

bool suits_expanded(const DirectShape& first, const PostOperations& first_post, const DepthwiseShape& second) {
  const bool follows = first.batch == second.batch && first.outputs == second.channels && first.output_height == second.height && first.output_width == second.width;
  return follows && is_product(first) && suits_direct(first) && first.inputs <= kDepthAtOnce && !first_post.has_elements();
}

KernelPointer expanded_depthwise(const DirectShape& first, const PostOperations& first_post, const DepthwiseShape& second, const PostOperations& second_post) {
  return std::make_shared<Expanded>(first, first_post, second, second_post);
}

}  // namespace sconce
