// Maximum pools of 2x2 side by side, the most common ones. No element is in two windows, so a gradient is written once and
// not added up.
#pragma once

#include "lanes.h"
#include "pool_blocks.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** Whether windows are squares of 2x2 side by side and inside the input, as they are most often: then no element is in two. */
bool has_squares(const PoolShape& shape) {
  const auto is_halved = [](const PoolAxis& axis) {
    return axis.kernel == 2 && axis.stride == 2 && axis.dilation == 1 && axis.before == 0 && axis.output * 2 <= axis.input;
  };
  return is_halved(shape.vertical) && is_halved(shape.horizontal);
}

/** The elements of a square, its maximum and that one's tap, as `find` finds them. */
template <class Lanes>
struct Square {
  using Value = typename Lanes::Value;
  using Index = typename Lanes::Index;

  Square(const float* x, int64_t row, int64_t column) : best{read<Value>(x), Index{}} {
    const int64_t places[] = {0, column, row, row + column};
    for (int32_t tap = 1; tap < 4; tap++) {
      const Value value = read<Value>(x + places[tap]);
      const auto larger = (value > best.value) | (value != value);
      best.value = larger ? value : best.value;
      best.tap = larger ? Index{} + tap : best.tap;
    }
  }

  Maximum<Lanes> best;
};

void maximum_of_squares(const PoolTile& tile, const float* x, float* y) {
  const int64_t width = tile.shape->horizontal.output;
  const int64_t row_stride = tile.shape->horizontal.input * tile.step;
  for (int64_t row = tile.begin; row < tile.end; row++) {
    const float* from = x + (2 * row - tile.input_row) * row_stride;
    float* to = y + (row - tile.output_row) * width * tile.step;
    for (int64_t column = 0; column < width; column++, from += 2 * tile.step, to += tile.step) {
      each_channel(tile.channels, [&](auto lanes, int64_t channel) {
        write(to + channel, Square<decltype(lanes)>(from + channel, row_stride, tile.step).best.value);
      });
    }
  }
}

/** The rows of the gradient, which do not cut a square; what is in no square is 0. */
void gradient_of_squares(const PoolTile& tile, const float* x, const float* dy, float* dx) {
  const PoolShape& shape = *tile.shape;
  const int64_t row_stride = shape.horizontal.input * tile.step;
  const auto clear = [&](float* to, int64_t columns) {
    for (int64_t i = 0; i < columns; i++) std::memset(to + i * tile.step, 0, static_cast<std::size_t>(tile.channels) * 4);
  };
  for (int64_t input_row = tile.begin; input_row < tile.end; input_row += 2) {
    const int64_t row = input_row / 2;
    float* to = dx + (input_row - tile.begin) * row_stride;
    if (row >= shape.vertical.output) {
      clear(to, (tile.end - input_row) * shape.horizontal.input);
      return;
    }
    const float* from = x + (input_row - tile.input_row) * row_stride;
    const float* gradients = dy + (row - tile.output_row) * shape.horizontal.output * tile.step;
    for (int64_t column = 0; column < shape.horizontal.output; column++) {
      each_channel(tile.channels, [&](auto lanes, int64_t channel) {
        using Value = typename decltype(lanes)::Value;
        const auto best = Square<decltype(lanes)>(from + channel, row_stride, tile.step).best;
        Value gradient = read<Value>(gradients + channel);
        if (shape.rectified) gradient = best.value > 0 ? gradient : Value{};
        write(to + channel, best.tap == 0 ? gradient : Value{});
        write(to + tile.step + channel, best.tap == 1 ? gradient : Value{});
        write(to + row_stride + channel, best.tap == 2 ? gradient : Value{});
        write(to + row_stride + tile.step + channel, best.tap == 3 ? gradient : Value{});
      });
      from += 2 * tile.step, to += 2 * tile.step, gradients += tile.step;
    }
    const int64_t rest = shape.horizontal.input - 2 * shape.horizontal.output;
    clear(to, rest), clear(to + row_stride, rest);
  }
}

}  // namespace
}  // namespace SCONCE_ISA
}  // namespace sconce
