// Tiles are done a block at a time: their factors, the 36 products and the results of a block stay near the processor.
#include "winograd.h"

#include <algorithm>
#include <vector>

#include "../kept_copies.h"
#include "../product/plain_product.h"
#include "../results/result_steps.h"
#include "../sizes.h"
#include "../team.h"
#include "../thread_memory.h"
#include "winograd_blocks.h"

namespace sconce {
namespace {

/** How an image is cut into tiles. */
struct Tiles {
  explicit Tiles(const WinogradShape& shape)
      : down(ceiling(shape.output_height, kTileResults)), across(ceiling(shape.output_width, kTileResults)), count(shape.batch * down * across) {
    // Factors and sums of a block should fit the second-level cache, but products want some rows.
    const std::int64_t bytes = kFactors * (shape.input_channels + shape.output_channels) * kFloat;
    block = std::clamp<std::int64_t>((std::int64_t{768} << 10) / bytes, 24, 96);
    // Blocks of equal size, at least eight of them where there are enough tiles.
    const std::int64_t wanted = std::max(ceiling(count, block), std::min<std::int64_t>(8, ceiling(count, 12)));
    block = ceiling(count, wanted);
    blocks = ceiling(count, block);
  }

  std::int64_t down, across, count;
  std::int64_t block, blocks;
};

/** Where a tile lies in its image. */
struct Place {
  Place(const Tiles& tiles, std::int64_t tile)
      : image(tile / (tiles.down * tiles.across)), row(tile / tiles.across % tiles.down * kTileResults), column(tile % tiles.across * kTileResults) {}

  std::int64_t image, row, column;
};

/** Pointers to a square of positions of a channels-last image, null (or `outside`) where it leaves the image. */
template <class Float, std::int64_t kSide>
void square(Float* image, std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t row, std::int64_t column, Float* outside,
            Float* (&pointers)[kSide * kSide]) {
  for (std::int64_t i = 0; i < kSide; i++) {
    for (std::int64_t j = 0; j < kSide; j++) {
      const std::int64_t y = row + i, x = column + j;
      const bool inside = y >= 0 && y < height && x >= 0 && x < width;
      pointers[i * kSide + j] = inside ? image + (y * width + x) * channels : outside;
    }
  }
}

/** The factors of the input's tiles [first, last): 36 arrays [tile][channel] that lie `apart` elements from each other. */
void input_factors(const WinogradShape& shape, const Tiles& tiles, const float* x, std::int64_t first, std::int64_t last, float* factors, std::int64_t apart) {
  const float* outside = thread_zeros(shape.input_channels);
  for (std::int64_t tile = first; tile < last; tile++) {
    const Place place(tiles, tile);
    const float* elements[kFactors];
    square<const float, kTileElements>(x + place.image * shape.height * shape.width * shape.input_channels, shape.height, shape.width, shape.input_channels,
                                       place.row - shape.top, place.column - shape.left, outside, elements);
    winograd_table().input(elements, shape.input_channels, factors + (tile - first) * shape.input_channels, apart);
  }
}

/**
 * The factors of the kernels, [36][from][to]: of the weights [output][input][3][3], or of what they are for the input's
 * gradient, turned around and with the channels exchanged.
 */
void kernel_factors(const float* weight, std::int64_t inputs, std::int64_t outputs, bool for_gradient, float* factors) {
  const std::int64_t from = for_gradient ? outputs : inputs;
  const std::int64_t to = for_gradient ? inputs : outputs;
  const std::int64_t output_stride = inputs * 9;
  parallel_for(from, [&](std::int64_t f) {
    float taps[9 * kWinogradChannels];
    for (std::int64_t t = 0; t < to; t += kWinogradChannels) {
      for (std::int64_t i = 0; i < kWinogradChannels; i++) {
        const float* kernel = for_gradient ? weight + f * output_stride + (t + i) * 9 : weight + (t + i) * output_stride + f * 9;
        for (std::int64_t tap = 0; tap < 9; tap++) taps[tap * kWinogradChannels + i] = kernel[for_gradient ? 8 - tap : tap];
      }
      winograd_table().kernel(taps, kWinogradChannels, factors + f * to + t, from * to);
    }
  });
}

/** Convolution, and the input's gradient, which is one of the output's gradient with other kernels. */
class Winograd final : public Kernel {
 public:
  Winograd(const WinogradShape& shape, std::int64_t distance, bool for_gradient, const PostOperations& post)
      : shape_(shape), distance_(distance), tiles_(shape), for_gradient_(for_gradient), post_(post), kernels_(kernel_bytes()) {
    bytes_ = {static_cast<std::size_t>(shape.batch * shape.height * shape.width * shape.input_channels * kFloat),
              static_cast<std::size_t>(shape.input_channels * shape.output_channels * 9 * kFloat)};
    for (const std::size_t bytes : post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(static_cast<std::size_t>(((shape.batch * shape.output_height * shape.output_width - 1) * distance + shape.output_channels) * kFloat));
    // Each block reads all kernels. Where these are much more than the tiles' own factors and sums, all tiles go together.
    constexpr std::int64_t most_bytes = std::int64_t{12} << 20;
    const std::int64_t channels = shape.input_channels + shape.output_channels;
    const bool together = shape.input_channels * shape.output_channels > 6 * tiles_.block * channels;
    if (together) share_ = std::clamp<std::int64_t>(most_bytes / (kFactors * channels * kFloat), tiles_.block, tiles_.count);
    scratch_bytes_ = kernel_bytes() + static_cast<std::size_t>(kFactors * share_ * channels * kFloat);
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    float* y = static_cast<float*>(buffers[inputs_].pointer);
    const std::vector<ResultStep> steps = result_steps(post_, buffers + 2);
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    const float* kernels = static_cast<const float*>(kernels_.get(buffers[1], scratch, [&](void* target) {
      const float* weight = static_cast<const float*>(buffers[1].pointer);
      kernel_factors(weight, for_gradient_ ? to : from, for_gradient_ ? from : to, for_gradient_, static_cast<float*>(target));
    }));
    if (share_ > 0) run_together(x, kernels, reinterpret_cast<float*>(static_cast<char*>(scratch) + kernel_bytes()), y, steps);
    else run_blocks(x, kernels, y, steps);
  }

 private:
  std::size_t kernel_bytes() const { return static_cast<std::size_t>(kFactors * shape_.input_channels * shape_.output_channels * kFloat); }

  /** A block of tiles after the other, from the input to the results. */
  void run_blocks(const float* x, const float* kernels, float* y, const std::vector<ResultStep>& steps) const {
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    parallel_tasks(tiles_.blocks, [&](std::int64_t block) {
      const std::int64_t first = block * tiles_.block, last = std::min(first + tiles_.block, tiles_.count), count = last - first;
      float* factors = static_cast<float*>(thread_memory(static_cast<std::size_t>(kFactors * tiles_.block * (from + to) * kFloat)));
      float* sums = factors + kFactors * tiles_.block * from;
      input_factors(shape_, tiles_, x, first, last, factors, count * from);
      for (std::int64_t e = 0; e < kFactors; e++) multiply(factors, kernels, sums, e, 0, to, count);
      for (std::int64_t tile = first; tile < last; tile++) write_results(tile, sums + (tile - first) * to, count, y, steps);
    });
  }

  /** All tiles of a share at once: each kernel is read once for them. */
  void run_together(const float* x, const float* kernels, float* factors, float* y, const std::vector<ResultStep>& steps) const {
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    float* sums = factors + kFactors * share_ * from;
    constexpr std::int64_t columns = 128;
    const std::int64_t parts = ceiling(to, columns);
    for (std::int64_t start = 0; start < tiles_.count; start += share_) {
      const std::int64_t count = std::min(share_, tiles_.count - start);
      parallel_for(count, [&](std::int64_t tile) { input_factors(shape_, tiles_, x, start + tile, start + tile + 1, factors + tile * from, count * from); });
      parallel_tasks(kFactors * parts, [&](std::int64_t unit) {
        const std::int64_t column = unit % parts * columns;
        multiply(factors, kernels, sums, unit / parts, column, std::min(columns, to - column), count);
      });
      parallel_for(count, [&](std::int64_t tile) { write_results(start + tile, sums + tile * to, count, y, steps); });
    }
  }

  /** Some columns of the product for one of the factors. */
  void multiply(const float* factors, const float* kernels, float* sums, std::int64_t e, std::int64_t column, std::int64_t columns, std::int64_t count) const {
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    sconce::multiply(PlainProduct{factors + e * count * from, from, 1, kernels + e * from * to + column, to, sums + e * count * to + column, to, count, columns, from, false});
  }

  /** The results of a tile, whose sums lie among those of `count` tiles. */
  void write_results(std::int64_t tile, const float* sums, std::int64_t count, float* y, const std::vector<ResultStep>& steps) const {
    const std::int64_t to = shape_.output_channels;
    const Place place(tiles_, tile);
    float* results[kTileResults * kTileResults];
    square<float, kTileResults>(y + place.image * shape_.output_height * shape_.output_width * distance_, shape_.output_height, shape_.output_width, distance_, place.row,
                                place.column, nullptr, results);
    winograd_table().output(sums, count * to, to, results, y, steps.data(), steps.size());
  }

  WinogradShape shape_;
  std::int64_t distance_;  // of two positions of the result
  Tiles tiles_;
  std::int64_t share_ = 0;  // tiles that go together, or 0
  bool for_gradient_;
  PostOperations post_;
  mutable KeptCopies kernels_;
};

/** The weight's gradient: for each factor a product over all tiles, a share of them at a time. */
class WeightGradient final : public Kernel {
 public:
  explicit WeightGradient(const WinogradShape& shape) : shape_(shape), tiles_(shape) {
    inputs_ = 2;
    bytes_ = {static_cast<std::size_t>(shape.batch * shape.height * shape.width * shape.input_channels * kFloat),
              static_cast<std::size_t>(shape.batch * shape.output_height * shape.output_width * shape.output_channels * kFloat),
              static_cast<std::size_t>(shape.input_channels * shape.output_channels * 9 * kFloat)};
    // The factors of a share should stay in the last-level cache.
    constexpr std::int64_t most_bytes = std::int64_t{12} << 20;
    const std::int64_t most = std::max<std::int64_t>(tiles_.block, most_bytes / (kFactors * (shape.input_channels + shape.output_channels) * kFloat));
    const std::int64_t shares = ceiling(tiles_.count, most);
    share_ = ceiling(ceiling(tiles_.count, shares), tiles_.block) * tiles_.block;
    scratch_bytes_ = static_cast<std::size_t>((sum_elements() + kFactors * share_ * (shape.input_channels + shape.output_channels)) * kFloat);
  }

  void run(const Range* buffers, void* scratch) const override {
    const float* x = static_cast<const float*>(buffers[0].pointer);
    const float* gradient = static_cast<const float*>(buffers[1].pointer);
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    float* sums = static_cast<float*>(scratch);
    float* factors = sums + sum_elements();
    float* gradients = factors + kFactors * share_ * from;
    // Rows of a product that one thread does at a time.
    const std::int64_t rows = std::min<std::int64_t>(from, 96);
    const std::int64_t parts = ceiling(from, rows);
    for (std::int64_t start = 0; start < tiles_.count; start += share_) {
      const std::int64_t count = std::min(share_, tiles_.count - start);
      parallel_tasks(ceiling(count, tiles_.block), [&](std::int64_t block) {
        const std::int64_t first = block * tiles_.block, last = std::min(first + tiles_.block, count);
        input_factors(shape_, tiles_, x, start + first, start + last, factors + first * from, count * from);
        gradient_factors(gradient, start + first, start + last, gradients + first * to, count * to);
      });
      parallel_tasks(kFactors * parts, [&](std::int64_t unit) {
        const std::int64_t e = unit / parts, row = unit % parts * rows;
        sconce::multiply(PlainProduct{factors + e * count * from + row, 1, from, gradients + e * count * to, to, sums + (e * from + row) * to, to,
                                   std::min(rows, from - row), to, count, start > 0});
      });
    }
    finish(sums, static_cast<float*>(buffers[2].pointer));
  }

 private:
  std::int64_t sum_elements() const { return kFactors * shape_.input_channels * shape_.output_channels; }

  void gradient_factors(const float* gradient, std::int64_t first, std::int64_t last, float* factors, std::int64_t apart) const {
    const std::int64_t to = shape_.output_channels;
    const float* outside = thread_zeros(to);
    for (std::int64_t tile = first; tile < last; tile++) {
      const Place place(tiles_, tile);
      const float* elements[kTileResults * kTileResults];
      square<const float, kTileResults>(gradient + place.image * shape_.output_height * shape_.output_width * to, shape_.output_height, shape_.output_width, to,
                                        place.row, place.column, outside, elements);
      winograd_table().output_gradient(elements, to, factors + (tile - first) * to, apart);
    }
  }

  /** Brings the sums [36][input][output] to the gradient [output][input][3][3]. */
  void finish(const float* sums, float* weight) const {
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    parallel_for(from, [&](std::int64_t f) {
      float taps[9 * kWinogradChannels];
      for (std::int64_t t = 0; t < to; t += kWinogradChannels) {
        winograd_table().kernel_gradient(sums + f * to + t, from * to, kWinogradChannels, taps);
        for (std::int64_t i = 0; i < kWinogradChannels; i++) {
          for (std::int64_t tap = 0; tap < 9; tap++) weight[((t + i) * from + f) * 9 + tap] = taps[tap * kWinogradChannels + i];
        }
      }
    });
  }

  WinogradShape shape_;
  Tiles tiles_;
  std::int64_t share_ = 0;
};

}  // namespace

bool suits_winograd(const WinogradShape& shape) {
  if (shape.input_channels % kWinogradChannels != 0 || shape.output_channels % kWinogradChannels != 0) return false;
  const Tiles tiles(shape);
  const std::int64_t results = shape.batch * shape.output_height * shape.output_width;
  // Tiles that stick out waste products, and products of few rows waste registers.
  return tiles.count >= 32 && results >= tiles.count * 9;
}

KernelPointer winograd(const WinogradShape& shape, std::int64_t distance, const PostOperations& post) {
  return std::make_shared<Winograd>(shape, distance, false, post);
}

KernelPointer winograd_input_gradient(const WinogradShape& s) {
  const WinogradShape turned = {s.batch, s.output_channels, s.output_height, s.output_width, s.input_channels, 2 - s.top, 2 - s.left, s.height, s.width};
  return std::make_shared<Winograd>(turned, s.input_channels, true, PostOperations());
}

KernelPointer winograd_weight_gradient(const WinogradShape& shape) { return std::make_shared<WeightGradient>(shape); }

}  // namespace sconce
