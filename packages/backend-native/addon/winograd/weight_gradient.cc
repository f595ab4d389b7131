// Each factor of the kernels' gradient is a product over all tiles; a share of these is done at a time.
#include <algorithm>

#include "../product/plain_product.h"
#include "../team.h"
#include "tiles.h"

namespace sconce {
namespace {

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

KernelPointer winograd_weight_gradient(const WinogradShape& shape) { return std::make_shared<WeightGradient>(shape); }

}  // namespace sconce
