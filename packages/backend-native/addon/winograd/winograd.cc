// Tiles are done a block at a time, and of a block a group of output channels after the other: its factors, the 36 products
// and the results stay near the processor. Where all tiles are but one block, the groups are shared out among the threads;
// where the kernels are much larger than what a block has, all blocks go together.
#include "winograd.h"

#include <algorithm>
#include <vector>

#include "../kept_copies.h"
#include "../product/plain_product.h"
#include "../results/result_steps.h"
#include "../team.h"
#include "tiles.h"

namespace sconce {
namespace {

/** Output channels of a group. */
constexpr std::int64_t kGroup = 32;

/** Fewer tiles are one block: products want some rows. */
constexpr std::int64_t kFewTiles = 32;
/** Fewer than these are not worth it. */
constexpr std::int64_t kFewestTiles = 16;

/** Elements between arrays of so many: not a power of two, of which few fit the caches side by side. */
constexpr std::int64_t apart(std::int64_t elements) { return elements + kWinogradChannels; }

/** The kernels of a convolution as factors: [group][36][input channel][channel of the group], in the order they are read. */
struct KernelFactors {
  KernelFactors(std::int64_t from, std::int64_t to) : from(from), to(to) {}

  std::int64_t columns(std::int64_t group) const { return std::min(kGroup, to - group * kGroup); }
  std::int64_t groups() const { return ceiling(to, kGroup); }
  /** From one of the 36 to the next. */
  std::int64_t between(std::int64_t group) const { return apart(from * columns(group)); }
  std::int64_t place(std::int64_t e, std::int64_t group) const { return group * kFactors * between(0) + e * between(group); }
  std::size_t bytes() const { return bytes_of(groups() * kFactors * between(0)); }

  /** From the weights [output][input][3][3]; or what they are for the input's gradient, turned around and with the channels exchanged. */
  void make(const float* weight, bool for_gradient, float* factors) const {
    const std::int64_t output_stride = (for_gradient ? to : from) * 9;
    parallel_for(from, [&](std::int64_t f) {
      float taps[9 * kWinogradChannels];
      for (std::int64_t t = 0; t < to; t += kWinogradChannels) {
        for (std::int64_t i = 0; i < kWinogradChannels; i++) {
          const float* kernel = for_gradient ? weight + f * output_stride + (t + i) * 9 : weight + (t + i) * output_stride + f * 9;
          for (std::int64_t tap = 0; tap < 9; tap++) taps[tap * kWinogradChannels + i] = kernel[for_gradient ? 8 - tap : tap];
        }
        const std::int64_t group = t / kGroup;
        winograd_table().kernel(taps, kWinogradChannels, factors + place(0, group) + f * columns(group) + t % kGroup, between(group));
      }
    });
  }

  std::int64_t from, to;
};

/** Convolution, and the input's gradient, which is one of the output's gradient with other kernels. */
class Winograd final : public Kernel {
 public:
  Winograd(const WinogradShape& shape, std::int64_t distance, bool for_gradient, const PostOperations& post)
      : shape_(shape), distance_(distance), tiles_(shape), factors_(shape.input_channels, shape.output_channels), for_gradient_(for_gradient), post_(post), kernels_(factors_.bytes()) {
    bytes_ = {bytes_of(shape.batch * shape.height * shape.width * shape.input_channels), bytes_of(shape.input_channels * shape.output_channels * 9)};
    for (const std::size_t bytes : post.bytes()) bytes_.push_back(bytes);
    inputs_ = bytes_.size();
    bytes_.push_back(bytes_of((shape.batch * shape.output_height * shape.output_width - 1) * distance + shape.output_channels));
    scratch_bytes_ = factors_.bytes();
    if (is_one_block()) {
      scratch_bytes_ += bytes_of(kFactors * apart(tiles_.count * shape.input_channels));
      return;
    }
    // Each block reads all kernels. Where these are much more than the tiles' own factors and sums, all tiles go together.
    constexpr std::int64_t most_bytes = std::int64_t{12} << 20;
    const std::int64_t channels = shape.input_channels + shape.output_channels;
    const bool together = shape.input_channels * shape.output_channels > 6 * tiles_.block * channels;
    if (together) share_ = std::clamp<std::int64_t>(most_bytes / (kFactors * channels * kFloat), tiles_.block, tiles_.count);
    scratch_bytes_ += bytes_of(kFactors * (apart(share_ * shape.input_channels) + apart(share_ * shape.output_channels)));
  }

  void run(const Range* buffers, void* scratch) const override {
    const std::vector<ResultStep> steps = result_steps(post_, buffers + 2);
    Operands all;
    all.x = static_cast<const float*>(buffers[0].pointer);
    all.y = static_cast<float*>(buffers[inputs_].pointer);
    all.chain = result_chain(steps);
    all.kernels = static_cast<const float*>(kernels_.get(buffers[1], scratch, [&](void* target) {
      factors_.make(static_cast<const float*>(buffers[1].pointer), for_gradient_, static_cast<float*>(target));
    }));
    float* const memory = reinterpret_cast<float*>(static_cast<char*>(scratch) + factors_.bytes());
    if (is_one_block()) run_groups(all, memory);
    else if (share_ > 0) run_together(all, memory);
    else run_blocks(all);
  }

 private:
  struct Operands {
    const float *x, *kernels;
    float* y;
    ResultChain chain;
  };

  bool is_one_block() const { return tiles_.count < kFewTiles; }

  /** One block: a thread makes the results of a group. */
  void run_groups(const Operands& all, float* factors) const {
    const std::int64_t between = apart(tiles_.count * shape_.input_channels);
    parallel_for(tiles_.count, [&](std::int64_t tile) { input_factors(shape_, tiles_, all.x, tile, tile + 1, factors + tile * shape_.input_channels, between); });
    parallel_for(factors_.groups(), [&](std::int64_t group) {
      float* sums = static_cast<float*>(thread_memory(bytes_of(kFactors * apart(tiles_.count * kGroup))));
      finish_group(all, factors, between, group, 0, tiles_.count, sums);
    });
  }

  /** A block of tiles after the other, from the input to the results. */
  void run_blocks(const Operands& all) const {
    parallel_tasks(tiles_.blocks, [&](std::int64_t block) {
      const std::int64_t first = block * tiles_.block, last = std::min(first + tiles_.block, tiles_.count), between = apart(tiles_.block * shape_.input_channels);
      float* factors = static_cast<float*>(thread_memory(bytes_of(kFactors * (between + apart(tiles_.block * kGroup)))));
      input_factors(shape_, tiles_, all.x, first, last, factors, between);
      for (std::int64_t group = 0; group < factors_.groups(); group++) finish_group(all, factors, between, group, first, last, factors + kFactors * between);
    });
  }

  /** All tiles of a share at once: each kernel is read once for them. */
  void run_together(const Operands& all, float* factors) const {
    const std::int64_t from = shape_.input_channels, to = shape_.output_channels;
    const std::int64_t between = apart(share_ * from), sums_between = apart(share_ * to);
    float* sums = factors + kFactors * between;
    constexpr std::int64_t at_once = 4;
    const std::int64_t parts = ceiling(factors_.groups(), at_once);
    for (std::int64_t start = 0; start < tiles_.count; start += share_) {
      const std::int64_t count = std::min(share_, tiles_.count - start);
      parallel_for(count, [&](std::int64_t tile) { input_factors(shape_, tiles_, all.x, start + tile, start + tile + 1, factors + tile * from, between); });
      parallel_tasks(kFactors * parts, [&](std::int64_t unit) {
        const std::int64_t e = unit / parts, first = unit % parts * at_once;
        for (std::int64_t group = first; group < std::min(first + at_once, factors_.groups()); group++) {
          multiply(all, factors + e * between, e, group, count, sums + e * sums_between + group * kGroup, to);
        }
      });
      parallel_for(count, [&](std::int64_t tile) { write_results(all, start + tile, sums + tile * to, sums_between, 0, to); });
    }
  }

  /** The results of a group of channels for the tiles [first, last), of which there are factors. */
  void finish_group(const Operands& all, const float* factors, std::int64_t between, std::int64_t group, std::int64_t first, std::int64_t last, float* sums) const {
    const std::int64_t columns = factors_.columns(group), sums_between = apart((last - first) * columns);
    for (std::int64_t e = 0; e < kFactors; e++) multiply(all, factors + e * between, e, group, last - first, sums + e * sums_between, columns);
    for (std::int64_t tile = first; tile < last; tile++) write_results(all, tile, sums + (tile - first) * columns, sums_between, group * kGroup, columns);
  }

  /** The product of one of the factors with a group's kernels. */
  void multiply(const Operands& all, const float* factors, std::int64_t e, std::int64_t group, std::int64_t count, float* sums, std::int64_t sums_row) const {
    const std::int64_t from = shape_.input_channels, columns = factors_.columns(group);
    sconce::multiply(PlainProduct{factors, from, 1, all.kernels + factors_.place(e, group), columns, sums, sums_row, count, columns, from, false});
  }

  /** Some channels of the results of a tile. */
  void write_results(const Operands& all, std::int64_t tile, const float* sums, std::int64_t sums_between, std::int64_t channel, std::int64_t channels) const {
    const Place place(tiles_, tile);
    float* results[kTileResults * kTileResults];
    square<float, kTileResults>(all.y + place.image * shape_.output_height * shape_.output_width * distance_, shape_.output_height, shape_.output_width, distance_, place.row,
                                place.column, nullptr, results);
    winograd_table().output(sums, sums_between, channel, channels, results, all.y, all.chain);
  }

  WinogradShape shape_;
  std::int64_t distance_;  // of two positions of the result
  Tiles tiles_;
  KernelFactors factors_;
  std::int64_t share_ = 0;  // tiles that go together, or 0
  bool for_gradient_;
  PostOperations post_;
  mutable KeptCopies kernels_;
};

}  // namespace

bool suits_winograd(const WinogradShape& shape) {
  if (shape.input_channels % kWinogradChannels != 0 || shape.output_channels % kWinogradChannels != 0) return false;
  const Tiles tiles(shape);
  const std::int64_t results = shape.batch * shape.output_height * shape.output_width;
  // Tiles that stick out waste products, and products of few rows waste registers.
  return tiles.count >= kFewestTiles && results >= tiles.count * 9;
}

KernelPointer winograd(const WinogradShape& shape, std::int64_t distance, const PostOperations& post) {
  return std::make_shared<Winograd>(shape, distance, false, post);
}

KernelPointer winograd_input_gradient(const WinogradShape& s) {
  const WinogradShape turned = {s.batch, s.output_channels, s.output_height, s.output_width, s.input_channels, 2 - s.top, 2 - s.left, s.height, s.width};
  return std::make_shared<Winograd>(turned, s.input_channels, true, PostOperations());
}

}  // namespace sconce
