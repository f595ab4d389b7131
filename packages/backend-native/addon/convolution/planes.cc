// A product of matrices whose rows are the output's pixels: a row of the kernel meets elements that lie beside each other
// in a plane, so it is one tap of a product, and its elements are the depth. The lines of the planes that some lines of the
// result need are copied into a small buffer with zeros around; there every tap has its place, and the table of places is
// made once.
#include "planes.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "../kept_copies.h"
#include "../product/panels.h"
#include "../results/result_steps.h"
#include "../team.h"
#include "../thread_memory.h"

namespace sconce {
namespace {

/** Pixels that are computed at a time, about: their taps' places stay in the first-level cache. */
constexpr std::int64_t kPixels = 240;

class Planes final : public Kernel {
 public:
  Planes(const DirectShape& shape, std::int64_t distance, const PostOperations& post)
      : shape_(shape), distance_(distance), post_(post), taps_(shape.inputs * shape.kernel_height), panels_(taps_ * shape.kernel_width, shape.outputs), packed_(panels_.bytes()) {
    lines_ = std::clamp<std::int64_t>(kPixels / shape.output_width, 1, shape.output_height);
    buffer_lines_ = (lines_ - 1) * shape.stride_down + (shape.kernel_height - 1) * shape.dilation_down + 1;
    buffer_width_ = (shape.output_width - 1) * shape.stride_across + (shape.kernel_width - 1) * shape.dilation_across + 1;
    bytes_ = {bytes_of(shape.batch * shape.inputs * shape.height * shape.width), bytes_of(taps_ * shape.kernel_width * shape.outputs)};
    for (const std::size_t bytes : post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(bytes_of((shape.batch * shape.output_height * shape.output_width - 1) * distance + shape.outputs));
    scratch_bytes_ = panels_.bytes();
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    float* y = static_cast<float*>(buffers[inputs_].pointer);
    const std::vector<ResultStep> steps = result_steps(post_, buffers + 2);
    const ResultChain chain = result_chain(steps);
    const float* weight = static_cast<const float*>(
        packed_.get(buffers[1], scratch, [&](void* target) { panels_.pack_transposed(static_cast<const float*>(buffers[1].pointer), static_cast<float*>(target)); }));
    // Every result is the same sum however the bands are cut, so there may be as many as threads.
    const std::int64_t strips = ceiling(shape_.output_height, lines_);
    const std::int64_t bands = std::clamp<std::int64_t>(ceiling(team_size(), shape_.batch), 1, strips);
    parallel_for(shape_.batch * bands, [&](std::int64_t i) {
      const std::int64_t image = i / bands, band = i % bands;
      const std::size_t buffer_bytes = bytes_of(shape_.inputs * buffer_lines_ * buffer_width_);
      const std::size_t aligned_bytes = padded(buffer_bytes);
      char* const memory = static_cast<char*>(thread_memory(aligned_bytes + static_cast<std::size_t>(taps_ * lines_ * shape_.output_width) * sizeof(float*)));
      float* const buffer = reinterpret_cast<float*>(memory);
      const float** const places = reinterpret_cast<const float**>(memory + aligned_bytes);
      point(buffer, places);
      for (std::int64_t strip = strips * band / bands; strip < strips * (band + 1) / bands; strip++) {
        const std::int64_t line = strip * lines_, count = std::min(lines_, shape_.output_height - line);
        copy(x + image * shape_.inputs * shape_.height * shape_.width, line * shape_.stride_down - shape_.top, buffer);
        multiply(places, (image * shape_.output_height + line) * shape_.output_width, count * shape_.output_width, weight, steps.empty() ? nullptr : &chain, y);
      }
    });
  }

 private:
  /** Where the pixels' taps lie in the buffer. */
  void point(const float* buffer, const float** places) const {
    for (std::int64_t tap = 0; tap < taps_; tap++) {
      const std::int64_t line = tap / shape_.kernel_height * buffer_lines_ + tap % shape_.kernel_height * shape_.dilation_down;
      for (std::int64_t down = 0; down < lines_; down++) {
        const float* const from = buffer + (line + down * shape_.stride_down) * buffer_width_;
        for (std::int64_t across = 0; across < shape_.output_width; across++) *places++ = from + across * shape_.stride_across;
      }
    }
  }

  /** Copies lines of all planes from line `first` on. */
  void copy(const float* planes, std::int64_t first, float* buffer) const {
    const std::int64_t before = std::min(shape_.left, buffer_width_), inside = std::min(shape_.width, buffer_width_ - before);
    for (std::int64_t channel = 0; channel < shape_.inputs; channel++) {
      for (std::int64_t line = first; line < first + buffer_lines_; line++, buffer += buffer_width_) {
        const bool is_inside = line >= 0 && line < shape_.height;
        const std::int64_t end = is_inside ? before + inside : 0;
        if (is_inside) {
          std::fill(buffer, buffer + before, 0.0f);
          std::memcpy(buffer + before, planes + (channel * shape_.height + line) * shape_.width, bytes_of(inside));
        }
        std::fill(buffer + end, buffer + buffer_width_, 0.0f);
      }
    }
  }

  /** The pixels [first, first + count) of all. */
  void multiply(const float* const* places, std::int64_t first, std::int64_t count, const float* weight, const ResultChain* chain, float* y) const {
    for (std::int64_t panel = 0; panel < panels_.count(); panel++) {
      PanelProduct product = panels_.product(weight, panel);
      product.rows = places;
      product.row_count = lines_ * shape_.output_width;
      product.last = count;
      product.taps = taps_;
      product.step = shape_.dilation_across;
      product.depth = shape_.kernel_width;
      product.result = y + first * distance_ + product.column;
      product.result_step = distance_;
      product.chain = chain;
      product.place = first * shape_.outputs;
      product.place_step = shape_.outputs;
      product_table().multiply(product);
    }
  }

  DirectShape shape_;
  std::int64_t distance_;  // of two positions of the result
  PostOperations post_;
  std::int64_t taps_;
  Panels panels_;
  std::int64_t lines_ = 1;  // of the result, computed at a time
  std::int64_t buffer_lines_ = 0, buffer_width_ = 0;
  mutable KeptCopies packed_;
};

}  // namespace

bool suits_planes(const DirectShape& s) { return s.inputs < 8 && s.outputs >= 8 && s.inputs * s.kernel_height * s.kernel_width <= kDepthAtOnce; }

KernelPointer planes_convolution(const DirectShape& shape, std::int64_t distance, const PostOperations& post) { return std::make_shared<Planes>(shape, distance, post); }

}  // namespace sconce
