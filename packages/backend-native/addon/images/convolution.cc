// The input's gradient is a convolution of the output's gradient with turned kernels. Rows that are padded are copied with
// their padding first, a strip at a time; rows above and below the image are left out of the sums instead.
#include "convolution.h"

#include <algorithm>
#include <cstring>

#include "../instruction_sets.h"
#include "../sizes.h"
#include "../team.h"
#include "../thread_memory.h"
#include "convolution_blocks.h"
#include "images.h"

namespace sconce {

SCONCE_DISPATCH(ImagesTable, images_table)

namespace {

ImagesShape read_shape(Reader& reader) {
  const auto extent = [&] { return reader.integer(1, kLargestExtent); };
  const auto padding = [&] { return reader.integer(0, kLargestExtent); };
  ImagesShape s{};
  const std::int64_t batch = extent();
  s.inputs = extent(), s.height = extent(), s.width = extent(), s.outputs = extent(), s.kernel_height = extent(), s.kernel_width = extent();
  s.top = padding(), s.left = padding();
  const std::int64_t bottom = padding(), right = padding();
  if (batch % kImages != 0) reader.fail("the images do not come in groups of " + std::to_string(kImages));
  if (std::max(s.top, bottom) >= s.kernel_height || std::max(s.left, right) >= s.kernel_width) reader.fail("the padding is as wide as the kernel");
  s.blocks = batch / kImages;
  s.output_height = s.height + s.top + bottom - s.kernel_height + 1;
  s.output_width = s.width + s.left + right - s.kernel_width + 1;
  if (s.output_height < 1 || s.output_width < 1) reader.fail("the kernel is larger than the padded input");
  reader.elements({batch, s.inputs, s.height, s.width + s.left + right});
  reader.elements({batch, s.outputs, s.output_height, s.output_width});
  reader.elements({s.outputs, s.output_height, s.width + s.kernel_width, kImages});
  // Sums are kept for each image of a block.
  reader.elements({s.outputs, s.inputs, s.kernel_height, s.kernel_width, kImages});
  return s;
}

void check_end(const Reader& reader) {
  if (!reader.done()) reader.fail("something follows its end");
}

/** The convolution that makes the input's gradient from the output's. */
ImagesShape turned(const ImagesShape& s) {
  return {s.blocks, s.outputs, s.output_height, s.output_width, s.inputs, s.kernel_height, s.kernel_width, s.kernel_height - 1 - s.top, s.kernel_width - 1 - s.left, s.height, s.width};
}

std::size_t input_bytes(const ImagesShape& s) { return static_cast<std::size_t>(s.blocks * s.inputs * s.height * s.width * kImages * kFloat); }
std::size_t output_bytes(const ImagesShape& s) { return static_cast<std::size_t>(s.blocks * s.outputs * s.output_height * s.output_width * kImages * kFloat); }
std::int64_t weights_of(const ImagesShape& s) { return s.outputs * s.inputs * s.kernel_height * s.kernel_width; }

/** Rows of the input with their padding. */
struct PaddedRows {
  explicit PaddedRows(const ImagesShape& s) : plane(s.height * s.width * kImages), width(s.width * kImages), before(s.left * kImages), row((s.output_width + s.kernel_width - 1) * kImages) {}

  bool needed() const { return row != width; }
  /** Floats from one plane to the next, where planes of `rows` rows are copied. */
  std::int64_t apart(std::int64_t rows) const { return needed() ? rows * row : plane; }

  /** Rows [begin, end) of `planes` planes; where nothing is padded, those that are there. */
  const float* get(const float* x, std::int64_t planes, std::int64_t begin, std::int64_t end, float* memory) const {
    if (!needed()) return x + begin * row;
    float* to = memory;
    for (std::int64_t i = 0; i < planes; i++) {
      const float* from = x + i * plane + begin * width;
      for (std::int64_t j = begin; j < end; j++, from += width, to += row) {
        std::fill(to, to + before, 0.0f);
        std::memcpy(to + before, from, static_cast<std::size_t>(width * kFloat));
        std::fill(to + before + width, to + row, 0.0f);
      }
    }
    return memory;
  }

  std::int64_t plane, width, before, row;
};

/** Convolution, and the input's gradient, whose shape is turned already. */
class ImagesConvolution final : public Kernel {
 public:
  ImagesConvolution(const ImagesShape& shape, bool for_gradient, bool bias, bool rectified)
      : shape_(shape), padded_(shape), for_gradient_(for_gradient), bias_(bias), rectified_(rectified) {
    bytes_ = {input_bytes(shape), static_cast<std::size_t>(weights_of(shape) * kFloat)};
    if (bias) bytes_.push_back(static_cast<std::size_t>(shape.outputs * kFloat));
    inputs_ = bytes_.size();
    bytes_.push_back(output_bytes(shape));
    scratch_bytes_ = static_cast<std::size_t>(weights_of(shape) * kFloat);
    // Some work for every processor, but not of too few rows, since strips share rows of the input.
    constexpr std::int64_t wanted = 32, least = 4;
    strips_ = std::clamp<std::int64_t>(ceiling(wanted, shape.blocks), 1, ceiling(shape.output_height, least));
    strip_ = ceiling(shape.output_height, strips_);
    strips_ = ceiling(shape.output_height, strip_);
    groups_ = ceiling(shape.outputs, images_table().most_of_rows);
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    const float* bias = bias_ ? static_cast<const float*>(buffers[2].pointer) : nullptr;
    float* y = static_cast<float*>(buffers[inputs_].pointer);
    float* weights = static_cast<float*>(scratch);
    pack(static_cast<const float*>(buffers[1].pointer), weights);
    const std::int64_t most_rows = std::min(shape_.height, strip_ + shape_.kernel_height - 1);
    const std::int64_t plane = shape_.output_height * shape_.output_width * kImages;
    const std::int64_t depth = shape_.inputs * shape_.kernel_height * shape_.kernel_width;
    parallel_for(shape_.blocks * strips_, [&](std::int64_t unit) {
      const std::int64_t block = unit / strips_;
      const std::int64_t begin = unit % strips_ * strip_, end = std::min(begin + strip_, shape_.output_height);
      const std::int64_t first = std::clamp<std::int64_t>(begin - shape_.top, 0, shape_.height);
      const std::int64_t last = std::clamp<std::int64_t>(end - 1 - shape_.top + shape_.kernel_height, first, shape_.height);
      float* memory = padded_.needed() ? static_cast<float*>(thread_memory(static_cast<std::size_t>(shape_.inputs * most_rows * padded_.row * kFloat))) : nullptr;
      const float* rows = padded_.get(x + block * shape_.inputs * padded_.plane, shape_.inputs, first, last, memory);
      for (std::int64_t row = begin; row < end; row++) {
        for (std::int64_t group = 0; group < groups_; group++) {
          const std::int64_t output = start(group);
          images_table().rows({&shape_, rows - first * padded_.row, padded_.row, padded_.apart(last - first), weights + output * depth, bias ? bias + output : nullptr, rectified_,
                               y + (block * shape_.outputs + output) * plane, start(group + 1) - output, row, row + 1});
        }
      }
    });
  }

 private:
  /** The first output channel of a group: groups are of nearly equal size. */
  std::int64_t start(std::int64_t group) const { return shape_.outputs * group / groups_; }

  /** The weights as [group][input][kernel row][kernel column][output of the group], from [output][input][...] or, turned, [input][output][...]. */
  void pack(const float* weights, float* packed) const {
    const std::int64_t area = shape_.kernel_height * shape_.kernel_width;
    for (std::int64_t group = 0; group < groups_; group++) {
      for (std::int64_t input = 0; input < shape_.inputs; input++) {
        for (std::int64_t tap = 0; tap < area; tap++) {
          for (std::int64_t output = start(group); output < start(group + 1); output++) {
            *packed++ = for_gradient_ ? weights[(input * shape_.outputs + output) * area + area - 1 - tap] : weights[(output * shape_.inputs + input) * area + tap];
          }
        }
      }
    }
  }

  ImagesShape shape_;
  PaddedRows padded_;
  bool for_gradient_, bias_, rectified_;
  std::int64_t strip_, strips_, groups_;
};

/** Units of work are an input channel and some output channels, over a piece of the blocks; pieces are added in order. */
class ImagesWeightGradient final : public Kernel {
 public:
  explicit ImagesWeightGradient(const ImagesShape& shape) : shape_(shape), padded_(shape) {
    bytes_ = {input_bytes(shape), output_bytes(shape), static_cast<std::size_t>(weights_of(shape) * kFloat)};
    inputs_ = 2;
    most_ = images_table().most_of_taps;
    groups_ = ceiling(shape.outputs, most_);
    // The same on every processor, so that it does not show in results.
    constexpr std::int64_t wanted = 64, least_outputs = 2;
    pieces_ = std::clamp<std::int64_t>(ceiling(wanted, ceiling(shape.outputs, least_outputs) * shape.inputs), 1, shape.blocks);
    scratch_bytes_ = static_cast<std::size_t>(pieces_ * weights_of(shape) * kFloat);
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    const float* dy = static_cast<const float*>(buffers[1].pointer);
    float* partial = static_cast<float*>(scratch);
    const std::int64_t area = shape_.kernel_height * shape_.kernel_width;
    const std::int64_t output_plane = shape_.output_height * shape_.output_width * kImages;
    const std::int64_t sums_size = most_ * area * kImages;
    const std::int64_t padded_size = padded_.needed() ? shape_.height * padded_.row : 0;
    parallel_for(pieces_ * groups_ * shape_.inputs, [&](std::int64_t unit) {
      const std::int64_t piece = unit / (groups_ * shape_.inputs), input = unit / groups_ % shape_.inputs, group = unit % groups_;
      const std::int64_t output = shape_.outputs * group / groups_, outputs = shape_.outputs * (group + 1) / groups_ - output;
      float* sums = static_cast<float*>(thread_memory(static_cast<std::size_t>((sums_size + padded_size) * kFloat)));
      std::fill(sums, sums + sums_size, 0.0f);
      for (std::int64_t block = shape_.blocks * piece / pieces_; block < shape_.blocks * (piece + 1) / pieces_; block++) {
        const float* plane = padded_.get(x + (block * shape_.inputs + input) * padded_.plane, 1, 0, shape_.height, sums + sums_size);
        images_table().taps({&shape_, plane, padded_.row, dy + (block * shape_.outputs + output) * output_plane, outputs, sums});
      }
      for (std::int64_t o = 0; o < outputs; o++) {
        float* to = partial + ((piece * shape_.outputs + output + o) * shape_.inputs + input) * area;
        for (std::int64_t tap = 0; tap < area; tap++) to[tap] = over_images(sums + (o * area + tap) * kImages);
      }
    });
    float* weight = static_cast<float*>(buffers[2].pointer);
    for (std::int64_t i = 0; i < weights_of(shape_); i++) {
      float sum = partial[i];
      for (std::int64_t piece = 1; piece < pieces_; piece++) sum += partial[piece * weights_of(shape_) + i];
      weight[i] = sum;
    }
  }

 private:
  static float over_images(const float* sums) {
    float half[kImages / 2];
    for (std::int64_t i = 0; i < kImages / 2; i++) half[i] = sums[i] + sums[i + kImages / 2];
    for (std::int64_t count = kImages / 4; count > 0; count /= 2) {
      for (std::int64_t i = 0; i < count; i++) half[i] += half[i + count];
    }
    return half[0];
  }

  ImagesShape shape_;
  PaddedRows padded_;
  std::int64_t most_, groups_, pieces_;
};

}  // namespace

KernelPointer images_convolution(Reader& reader) {
  const ImagesShape shape = read_shape(reader);
  const bool bias = reader.integer(0, 1) == 1;
  const bool rectified = reader.integer(0, 1) == 1;
  check_end(reader);
  return std::make_shared<ImagesConvolution>(shape, false, bias, rectified);
}

KernelPointer images_convolution_input_gradient(Reader& reader) {
  const ImagesShape shape = read_shape(reader);
  check_end(reader);
  return std::make_shared<ImagesConvolution>(turned(shape), true, false, false);
}

KernelPointer images_convolution_weight_gradient(Reader& reader) {
  const ImagesShape shape = read_shape(reader);
  check_end(reader);
  return std::make_shared<ImagesWeightGradient>(shape);
}

}  // namespace sconce
