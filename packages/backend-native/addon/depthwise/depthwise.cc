// Work is cut into parts: rows of an image, and channels where rows are few.
#include "depthwise.h"

#include "../instruction_sets.h"
#include "../kept_copies.h"
#include "../results/result_steps.h"
#include "../sizes.h"
#include "../team.h"
#include "../thread_memory.h"
#include "part_memory.h"

namespace sconce {

SCONCE_DISPATCH(DepthwiseTable, depthwise_table)

namespace {

/** Pieces that the work of a kernel is worth, of `least` multiplications each, and not too many for threads to share. */
std::int64_t worthwhile_pieces(const DepthwiseShape& shape, double least) {
  return static_cast<std::int64_t>(std::clamp(static_cast<double>(shape.outputs()) * static_cast<double>(shape.taps()) / least, 1.0, 16.0));
}

/** The next power of two, so that threads get as much each; or `most`. */
std::int64_t power_of_two(std::int64_t least, std::int64_t most) {
  std::int64_t power = 1;
  while (power < least) power *= 2;
  return std::min(power, most);
}

/** Blocks of channels whose taps stay in the first-level cache. */
std::int64_t most_blocks(const DepthwiseShape& shape) { return std::max<std::int64_t>(4, 576 / shape.taps()); }

/** How work on rows of images is cut, by its shape only. Threads get parts that lie beside each other, as from other kernels. */
class Parts {
 public:
  Parts(const DepthwiseShape& shape, std::int64_t rows) : shape_(shape), rows_(rows) {
    const std::int64_t lanes = depthwise_table().lanes;
    blocks_ = block_count(shape, lanes);
    // The last block may share channels with the one before it, and stays with it.
    whole_ = shape.channels / lanes;
    const std::int64_t per_image = ceiling(worthwhile_pieces(shape, 100'000), shape.batch);
    strip_ = ceiling(ceiling(rows, power_of_two(per_image, ceiling(rows, 2))), 2) * 2;
    strips_ = ceiling(rows, strip_);
    chunks_ = std::clamp<std::int64_t>(std::max(ceiling(per_image, strips_), ceiling(whole_, most_blocks(shape))), 1, whole_);
    is_parallel_ = count() > 1;
  }

  std::int64_t count() const { return shape_.batch * strips_ * chunks_; }

  template <class Body>
  void run(const Body& body) const {
    parallel_ranges(count(), is_parallel_, [&](std::int64_t first, std::int64_t end) {
      const PartMemory memory(shape_, thread_memory(PartMemory::bytes(shape_)));
      for (std::int64_t i = first; i < end; i++) {
        const std::int64_t chunk = i % chunks_, strip = i / chunks_ % strips_, image = i / chunks_ / strips_;
        const std::int64_t last = chunk + 1 == chunks_ ? blocks_ : whole_ * (chunk + 1) / chunks_;
        body(memory.part(shape_, strip * strip_, std::min(rows_, (strip + 1) * strip_), whole_ * chunk / chunks_, last), image);
      }
    });
  }

 private:
  DepthwiseShape shape_;
  std::int64_t rows_, blocks_, whole_, strips_, strip_, chunks_;
  bool is_parallel_;
};

/** Convolution; also the input's gradient with a stride of 1, which is a convolution of the output's gradient with the kernel turned around. */
class Forward final : public Kernel {
 public:
  Forward(const DepthwiseShape& shape, bool turned, const PostOperations& post)
      : shape_(shape), turned_(turned), post_(post), parts_(shape, shape.output_height), taps_(packed_taps_bytes(shape)) {
    bytes_ = {bytes_of(shape.inputs()), bytes_of(shape.channels * shape.taps())};
    for (const std::size_t bytes : post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(bytes_of(shape.outputs()));
    scratch_bytes_ = packed_taps_bytes(shape);
  }

  void run(const Range* buffers, void* scratch) const override {
    const DepthwiseTable& table = depthwise_table();
    const float* x = static_cast<const float*>(buffers[0].pointer);
    const void* taps = taps_.get(buffers[1], scratch, [&](void* to) { table.pack(static_cast<const float*>(buffers[1].pointer), shape_, turned_, static_cast<float*>(to)); });
    float* y = static_cast<float*>(buffers[inputs_].pointer);
    const std::vector<ResultStep> steps = result_steps(post_, buffers + 2);
    const ResultChain chain = result_chain(steps);
    parts_.run([&](const DepthwisePart& part, std::int64_t image) {
      table.forward(part, x + image * (shape_.inputs() / shape_.batch), static_cast<const float*>(taps), y + image * (shape_.outputs() / shape_.batch), y, chain);
    });
  }

 private:
  DepthwiseShape shape_;
  bool turned_;
  PostOperations post_;
  Parts parts_;
  mutable KeptCopies taps_;
};

class InputGradient final : public Kernel {
 public:
  explicit InputGradient(const DepthwiseShape& shape) : shape_(shape), parts_(shape, shape.height), taps_(packed_taps_bytes(shape)) {
    bytes_ = {bytes_of(shape.outputs()), bytes_of(shape.channels * shape.taps()), bytes_of(shape.inputs())};
    inputs_ = 2;
    scratch_bytes_ = packed_taps_bytes(shape);
  }

  void run(const Range* buffers, void* scratch) const override {
    const DepthwiseTable& table = depthwise_table();
    const float* dy = static_cast<const float*>(buffers[0].pointer);
    const void* taps = taps_.get(buffers[1], scratch, [&](void* to) { table.pack(static_cast<const float*>(buffers[1].pointer), shape_, false, static_cast<float*>(to)); });
    float* dx = static_cast<float*>(buffers[2].pointer);
    parts_.run([&](const DepthwisePart& part, std::int64_t image) {
      table.input_gradient(part, dy + image * (shape_.outputs() / shape_.batch), static_cast<const float*>(taps), dx + image * (shape_.inputs() / shape_.batch));
    });
  }

 private:
  DepthwiseShape shape_;
  Parts parts_;
  mutable KeptCopies taps_;
};

/** Pieces of the sum, over rows of all images, and then their total. */
class WeightGradient final : public Kernel {
 public:
  explicit WeightGradient(const DepthwiseShape& shape) : shape_(shape) {
    const std::int64_t lanes = depthwise_table().lanes;
    blocks_ = block_count(shape, lanes);
    rows_ = shape.batch * shape.output_height;
    // The sums of a chunk stay in the first-level cache; each piece of rows has sums of its own, to be added up in the end.
    chunks_ = power_of_two(ceiling(blocks_, std::max<std::int64_t>(4, 108 / shape.taps())), blocks_);
    pieces_ = power_of_two(ceiling(worthwhile_pieces(shape, 200'000), chunks_), ceiling(rows_, 4));
    bytes_ = {bytes_of(shape.inputs()), bytes_of(shape.outputs()), bytes_of(shape.channels * shape.taps())};
    inputs_ = 2;
    scratch_bytes_ = static_cast<std::size_t>(pieces_) * packed_taps_bytes(shape);
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    const float* dy = static_cast<const float*>(buffers[1].pointer);
    float* weight = static_cast<float*>(buffers[2].pointer);
    float* sums = static_cast<float*>(scratch);
    parallel_ranges(chunks_ * pieces_, true, [&](std::int64_t first, std::int64_t last) {
      const PartMemory memory(shape_, thread_memory(PartMemory::bytes(shape_)));
      for (std::int64_t i = first; i < last; i++) add_piece(i / chunks_, i % chunks_, x, dy, sums, memory);
    });
    parallel_for(blocks_, chunks_ * pieces_ > 1, [&](std::int64_t block) { finish(block, sums, weight); });
  }

 private:
  std::int64_t piece_floats() const { return static_cast<std::int64_t>(packed_taps_bytes(shape_)) / kFloat; }

  void add_piece(std::int64_t piece, std::int64_t chunk, const float* x, const float* dy, float* sums, const PartMemory& memory) const {
    const std::int64_t first_block = blocks_ * chunk / chunks_, last_block = blocks_ * (chunk + 1) / chunks_;
    const std::int64_t block_floats = depthwise_table().lanes * shape_.taps();
    float* own = sums + piece * piece_floats();
    std::fill(own + first_block * block_floats, own + last_block * block_floats, 0.0f);
    const std::int64_t last = rows_ * (piece + 1) / pieces_;
    for (std::int64_t row = rows_ * piece / pieces_; row < last;) {
      const std::int64_t image = row / shape_.output_height, first_row = row % shape_.output_height;
      const std::int64_t last_row = std::min(shape_.output_height, first_row + last - row);
      depthwise_table().weight_gradient(memory.part(shape_, first_row, last_row, first_block, last_block), x + image * (shape_.inputs() / shape_.batch),
                                        dy + image * (shape_.outputs() / shape_.batch), own);
      row += last_row - first_row;
    }
  }

  /** Adds the pieces up, into the first, and brings the total of the channels that no earlier block has to their places. */
  void finish(std::int64_t block, float* sums, float* weight) const {
    const std::int64_t lanes = depthwise_table().lanes, taps = shape_.taps(), channel = block_channel(shape_, lanes, block);
    float* total = sums + block * taps * lanes;
    for (std::int64_t piece = 1; piece < pieces_; piece++) {
      const float* more = total + piece * piece_floats();
      for (std::int64_t i = 0; i < taps * lanes; i++) total[i] += more[i];
    }
    for (std::int64_t lane = block * lanes - channel; lane < lanes; lane++) {
      for (std::int64_t tap = 0; tap < taps; tap++) weight[(channel + lane) * taps + tap] = total[tap * lanes + lane];
    }
  }

  DepthwiseShape shape_;
  std::int64_t blocks_, rows_, chunks_, pieces_;
};

}  // namespace

KernelPointer depthwise(const DepthwiseShape& shape, const PostOperations& post) { return std::make_shared<Forward>(shape, false, post); }

KernelPointer depthwise_input_gradient(const DepthwiseShape& s) {
  if (s.stride_height != 1 || s.stride_width != 1) return std::make_shared<InputGradient>(s);
  const std::int64_t top = (s.kernel_height - 1) * s.dilation_height - s.top, left = (s.kernel_width - 1) * s.dilation_width - s.left;
  const DepthwiseShape turned = {s.batch, s.channels, s.output_height, s.output_width, s.kernel_height, s.kernel_width, 1, 1,
                                 top, left, s.dilation_height, s.dilation_width, s.height, s.width};
  return std::make_shared<Forward>(turned, true, PostOperations());
}

KernelPointer depthwise_weight_gradient(const DepthwiseShape& shape) { return std::make_shared<WeightGradient>(shape); }

}  // namespace sconce
