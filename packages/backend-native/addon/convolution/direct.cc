// Rows of the product are output pixels, its depth is the taps times the input's channels, its columns are the output's
// channels. The kernel's weights are packed into panels; no patch of the input is ever copied ("indirect convolution":
// Dukhan, "The Indirect Convolution Algorithm", 2019). A task is a block of rows times some panels.
#include "direct.h"

#include <algorithm>
#include <vector>

#include "../kept_copies.h"
#include "../product/panels.h"
#include "../results/result_steps.h"
#include "../team.h"
#include "../thread_memory.h"

namespace sconce {
namespace {

/** Where element (tap, input channel, output channel) of a kernel lies. */
struct KernelOrder {
  std::int64_t start, tap, input, output;
};

class Direct final : public Kernel {
 public:
  Direct(const DirectShape& shape, std::int64_t distance, const KernelOrder& order, const PostOperations& post)
      : shape_(shape), distance_(distance), order_(order), post_(post), rows_(shape.batch * shape.output_height * shape.output_width),
        taps_(shape.kernel_height * shape.kernel_width), panels_(taps_ * shape.inputs, shape.outputs), shares_(rows_, shape.inputs * kFloat, panels_, kFewestTasks), packed_(panels_.bytes()) {
    bytes_ = {static_cast<std::size_t>(shape.batch * shape.height * shape.width * shape.inputs * kFloat), static_cast<std::size_t>(taps_ * shape.inputs * shape.outputs * kFloat)};
    for (const std::size_t bytes : post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(static_cast<std::size_t>(((rows_ - 1) * distance + shape.outputs) * kFloat));
    scratch_bytes_ = panels_.bytes();
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    float* y = static_cast<float*>(buffers[inputs_].pointer);
    const std::vector<ResultStep> steps = result_steps(post_, buffers + 2);
    const ResultChain chain = result_chain(steps);
    const float* weight = static_cast<const float*>(
        packed_.get(buffers[1], scratch, [&](void* target) { pack(static_cast<const float*>(buffers[1].pointer), static_cast<float*>(target)); }));
    parallel_for(shares_.tasks(), [&](std::int64_t number) {
      const Shares::Task task = shares_.task(number);
      const float* const first = x + task.first_row * shape_.inputs;
      const float* const* pixels = &first;
      if (!is_product(shape_)) {
        const float** const pointers = static_cast<const float**>(thread_memory(static_cast<std::size_t>(taps_ * task.rows) * sizeof(float*)));
        point(x, task.first_row, task.rows, pointers);
        pixels = pointers;
      }
      for (std::int64_t panel = task.first_panel; panel < task.last_panel; panel++) {
        multiply(pixels, task.first_row, task.rows, taps_ == 1 && panel == task.first_panel && bytes_[0] > kFarBytes, weight, panel, steps.empty() ? nullptr : &chain, y);
      }
    });
  }

 private:
  void pack(const float* weight, float* packed) const {
    parallel_for(panels_.count() * taps_, [&](std::int64_t i) {
      const std::int64_t panel = i / taps_, tap = i % taps_;
      panels_.pack(panel, tap * shape_.inputs, shape_.inputs, weight + order_.start + tap * order_.tap, order_.input, order_.output, packed);
    });
  }

  /** Pointers to the pixels under each tap for the rows [first, first + count). */
  void point(const float* x, std::int64_t first, std::int64_t count, const float** pixels) const {
    const DirectShape& s = shape_;
    const float* outside = thread_zeros(s.inputs);
    std::int64_t across = first % s.output_width, down = first / s.output_width % s.output_height;
    const float* image = x + first / s.output_width / s.output_height * s.height * s.width * s.inputs;
    for (std::int64_t i = 0; i < count; i++) {
      const std::int64_t top = down * s.stride_down - s.top, left = across * s.stride_across - s.left;
      const float** pointer = pixels + i;
      for (std::int64_t tap_down = 0; tap_down < s.kernel_height; tap_down++) {
        const std::int64_t y = top + tap_down * s.dilation_down;
        const bool has_line = y >= 0 && y < s.height;
        for (std::int64_t tap_across = 0; tap_across < s.kernel_width; tap_across++) {
          const std::int64_t z = left + tap_across * s.dilation_across;
          *pointer = has_line && z >= 0 && z < s.width ? image + (y * s.width + z) * s.inputs : outside;
          pointer += count;
        }
      }
      if (++across < s.output_width) continue;
      across = 0;
      if (++down < s.output_height) continue;
      down = 0;
      image += s.height * s.width * s.inputs;
    }
  }

  void multiply(const float* const* pixels, std::int64_t first, std::int64_t count, bool rows_are_new, const float* weight, std::int64_t panel, const ResultChain* chain, float* y) const {
    const std::int64_t taps_at_once = std::max<std::int64_t>(1, kDepthAtOnce / shape_.inputs), depth_at_once = std::min(shape_.inputs, kDepthAtOnce);
    for (std::int64_t tap = 0; tap < taps_; tap += taps_at_once) {
      for (std::int64_t offset = 0; offset < shape_.inputs; offset += depth_at_once) {
        const std::int64_t taps = std::min(taps_at_once, taps_ - tap), depth = std::min(depth_at_once, shape_.inputs - offset);
        const bool is_last = tap + taps == taps_ && offset + depth == shape_.inputs;
        PanelProduct product = panels_.product(weight, panel, tap * shape_.inputs + offset);
        product.rows = pixels + tap * count;
        product.zero = thread_zeros(shape_.inputs);
        product.row_count = count;
        product.rows_are_new = rows_are_new;
        product.taps = taps;
        product.offset = offset;
        product.depth = depth;
        product.last = count;
        product.result = y + first * distance_ + product.column;
        product.result_step = distance_;
        product.accumulates = tap + offset > 0;
        product.chain = is_last ? chain : nullptr;
        product.place = first * shape_.outputs;
        product.place_step = shape_.outputs;
        if (is_product(shape_)) {
          product.row_apart = shape_.inputs;
          product_table().multiply_lines(product);
        } else {
          product_table().multiply(product);
        }
      }
    }
  }

  DirectShape shape_;
  std::int64_t distance_;  // of two positions of the result
  KernelOrder order_;
  PostOperations post_;
  std::int64_t rows_, taps_;
  Panels panels_;
  Shares shares_;
  mutable KeptCopies packed_;
};

}  // namespace

bool suits_direct(const DirectShape& s) { return s.inputs >= 8 && s.outputs >= 8; }

bool suits_direct_gradient(const DirectShape& s) {
  const std::int64_t bottom = (s.kernel_height - 1) * s.dilation_down - s.top, right = (s.kernel_width - 1) * s.dilation_across - s.left;
  return s.stride_down == 1 && s.stride_across == 1 && bottom >= 0 && right >= 0 && s.inputs >= 8 && s.outputs >= 8;
}

bool is_product(const DirectShape& s) {
  const bool is_single = s.kernel_height == 1 && s.kernel_width == 1 && s.stride_down == 1 && s.stride_across == 1;
  return is_single && s.output_height == s.height && s.output_width == s.width;
}

KernelPointer direct_convolution(const DirectShape& s, std::int64_t distance, const PostOperations& post) {
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  return std::make_shared<Direct>(s, distance, KernelOrder{0, 1, taps, taps * s.inputs}, post);
}

KernelPointer direct_input_gradient(const DirectShape& s) {
  const std::int64_t taps = s.kernel_height * s.kernel_width;
  const DirectShape turned = {s.batch, s.outputs, s.output_height, s.output_width, s.inputs, s.kernel_height, s.kernel_width, 1, 1,
                              (s.kernel_height - 1) * s.dilation_down - s.top, (s.kernel_width - 1) * s.dilation_across - s.left, s.dilation_down, s.dilation_across, s.height, s.width};
  return std::make_shared<Direct>(turned, s.inputs, KernelOrder{taps - 1, -1, taps * s.inputs, taps}, PostOperations());
}

}  // namespace sconce
