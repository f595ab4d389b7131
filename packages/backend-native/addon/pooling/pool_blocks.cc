// Every window is walked tap by tap with a vector of channels; what is left over goes by shorter vectors, since comparing
// numbers one by one means branches that nobody can predict. A gradient finds the tap of the maximum anew and adds to all
// taps that lie in its rows, so rows can be made apart from each other.
#include "pool_blocks.h"

#include <cstring>
#include <limits>

#include "lanes.h"
#include "squares.h"
#include "threes.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

/** The taps of a window that lie inside the input. */
struct Window {
  int64_t first_row, last_row, first_column, last_column;
};

struct Strides {
  int64_t row, column;  // floats from one tap to the next
};

Strides strides_of(const PoolTile& tile) {
  return {tile.shape->horizontal.input * tile.step * tile.shape->vertical.dilation, tile.step * tile.shape->horizontal.dilation};
}

/** Floats from `tile.input_row` to the first tap of a window. */
int64_t place_of(const PoolTile& tile, int64_t row, int64_t column) {
  const PoolShape& shape = *tile.shape;
  return ((shape.vertical.start(row) - tile.input_row) * shape.horizontal.input + shape.horizontal.start(column)) * tile.step;
}

Window window_of(const PoolTile& tile, int64_t row, int64_t column) {
  const PoolShape& shape = *tile.shape;
  return {shape.vertical.first_tap(row), shape.vertical.last_tap(row), shape.horizontal.first_tap(column), shape.horizontal.last_tap(column)};
}

bool is_empty(const Window& window) { return window.first_row >= window.last_row || window.first_column >= window.last_column; }

/** The maximum of a window that is not empty, and its tap's number, counted over the whole kernel. */
template <class Lanes, bool kTap>
Maximum<Lanes> find(const Window& window, const Strides& strides, int64_t kernel_width, const float* x) {
  using Value = typename Lanes::Value;
  using Index = typename Lanes::Index;
  Maximum<Lanes> best{Value{} - std::numeric_limits<float>::infinity(), Index{} + static_cast<int32_t>(window.first_row * kernel_width + window.first_column)};
  for (int64_t row = window.first_row; row < window.last_row; row++) {
    for (int64_t column = window.first_column; column < window.last_column; column++) {
      const Value value = read<Value>(x + row * strides.row + column * strides.column);
      // A NaN gets in, and nothing gets in after it.
      const auto larger = (value > best.value) | (value != value);
      best.value = larger ? value : best.value;
      if constexpr (kTap) {
        const Index tap = Index{} + static_cast<int32_t>(row * kernel_width + column);
        best.tap = larger ? tap : best.tap;
      }
    }
  }
  return best;
}

/** Runs `body` for every window of the output rows [begin, end). */
template <class Body>
void each_window(const PoolTile& tile, int64_t begin, int64_t end, Body body) {
  const int64_t width = tile.shape->horizontal.output;
  for (int64_t row = begin; row < end; row++) {
    for (int64_t column = 0; column < width; column++) {
      body(window_of(tile, row, column), row, column, ((row - tile.output_row) * width + column) * tile.step);
    }
  }
}

/** The windows of an output row of which nothing lies outside the input. */
struct Inside {
  int64_t first_column, last_column;
};

Inside inside_of(const PoolShape& shape, int64_t row) {
  const PoolAxis &vertical = shape.vertical, &horizontal = shape.horizontal;
  if (vertical.first_tap(row) > 0 || vertical.last_tap(row) < vertical.kernel) return {0, 0};
  int64_t first = 0, last = horizontal.output;
  while (first < last && horizontal.first_tap(first) > 0) first++;
  while (last > first && horizontal.last_tap(last - 1) < horizontal.kernel) last--;
  return {first, last};
}

/** Windows of 3x3 from `column` on, all inside the input; the result is how many. */
template <int kStride>
int64_t maxima_of(const PoolTile& tile, int64_t row, int64_t column, int64_t count, const float* x, float* y) {
  const Strides strides = strides_of(tile);
  x += place_of(tile, row, column);
  y += ((row - tile.output_row) * tile.shape->horizontal.output + column) * tile.step;
  const bool is_full = count >= kThrees;
  const int64_t together = is_full ? kThrees : 1;
  each_channel(tile.channels, [&](auto lanes, int64_t channel) {
    using Value = typename decltype(lanes)::Value;
    const auto maxima_together = is_full ? maxima<Value, kStride, kThrees> : maxima<Value, kStride, 1>;
    if (maxima_together(x + channel, strides.row, tile.step, y + channel)) return;
    for (int64_t i = 0; i < together; i++) {
      write(y + channel + i * tile.step, find<decltype(lanes), false>({0, 3, 0, 3}, strides, 0, x + channel + i * kStride * tile.step).value);
    }
  });
  return together;
}

void maximum(const PoolTile& tile, const float* x, float* y) {
  if (has_squares(*tile.shape)) return maximum_of_squares(tile, x, y);
  const Strides strides = strides_of(tile);
  const int64_t width = tile.shape->horizontal.output;
  for (int64_t row = tile.begin; row < tile.end; row++) {
    const Inside inside = has_threes(*tile.shape) ? inside_of(*tile.shape, row) : Inside{0, 0};
    for (int64_t column = 0; column < width;) {
      if (column >= inside.first_column && column < inside.last_column) {
        const auto maxima = tile.shape->horizontal.stride == 2 ? maxima_of<2> : maxima_of<1>;
        column += maxima(tile, row, column, inside.last_column - column, x, y);
        continue;
      }
      const Window window = window_of(tile, row, column);
      const int64_t place = place_of(tile, row, column), at = ((row - tile.output_row) * width + column) * tile.step;
      each_channel(tile.channels, [&](auto lanes, int64_t channel) {
        using Lanes = decltype(lanes);
        write(y + at + channel, find<Lanes, false>(window, strides, 0, x + place + channel).value);
      });
      column++;
    }
  }
}

void select(const PoolTile& tile, const float* x, const float* values, float* y) {
  const Strides strides = strides_of(tile);
  const int64_t kernel_width = tile.shape->horizontal.kernel;
  each_window(tile, tile.begin, tile.end, [&](const Window& window, int64_t row, int64_t column, int64_t at) {
    const int64_t place = place_of(tile, row, column);
    each_channel(tile.channels, [&](auto lanes, int64_t channel) {
      using Lanes = decltype(lanes);
      using Value = typename Lanes::Value;
      Value chosen{};
      if (!is_empty(window)) {
        const auto best = find<Lanes, true>(window, strides, kernel_width, x + place + channel);
        for (int64_t r = window.first_row; r < window.last_row; r++) {
          for (int64_t c = window.first_column; c < window.last_column; c++) {
            const Value value = read<Value>(values + place + channel + r * strides.row + c * strides.column);
            chosen = best.tap == static_cast<int32_t>(r * kernel_width + c) ? value : chosen;
          }
        }
      }
      write(y + at + channel, chosen);
    });
  });
}

/** Sets the gradient's rows to 0 and gives the windows that reach into them. */
struct Reached {
  int64_t begin, end;
};

Reached clear(const PoolTile& tile, float* dx) {
  const PoolShape& shape = *tile.shape;
  const int64_t row = shape.horizontal.input;
  for (int64_t i = 0; i < (tile.end - tile.begin) * row; i++) std::memset(dx + i * tile.step, 0, static_cast<std::size_t>(tile.channels) * 4);
  return {shape.vertical.first_window(tile.begin), shape.vertical.last_window(tile.end - 1)};
}

/** The taps of the window's rows that lie in the rows to make. */
Window inside_rows(const PoolTile& tile, Window window, int64_t row) {
  const PoolAxis& vertical = tile.shape->vertical;
  const int64_t start = vertical.start(row);
  while (window.first_row < window.last_row && start + window.first_row * vertical.dilation < tile.begin) window.first_row++;
  while (window.first_row < window.last_row && start + (window.last_row - 1) * vertical.dilation >= tile.end) window.last_row--;
  return window;
}

void maximum_gradient(const PoolTile& tile, const float* x, const float* dy, float* dx) {
  const bool cuts = tile.begin % 2 != 0 || (tile.end % 2 != 0 && tile.end != tile.shape->vertical.input);
  if (has_squares(*tile.shape) && !cuts) return gradient_of_squares(tile, x, dy, dx);
  const Strides strides = strides_of(tile);
  const int64_t kernel_width = tile.shape->horizontal.kernel;
  const int64_t shift = (tile.begin - tile.input_row) * tile.shape->horizontal.input * tile.step;
  const Reached reached = clear(tile, dx);
  each_window(tile, reached.begin, reached.end, [&](const Window& window, int64_t row, int64_t column, int64_t at) {
    if (is_empty(window)) return;
    const Window own = inside_rows(tile, window, row);
    const int64_t place = place_of(tile, row, column);
    each_channel(tile.channels, [&](auto lanes, int64_t channel) {
      using Lanes = decltype(lanes);
      using Value = typename Lanes::Value;
      const auto best = find<Lanes, true>(window, strides, kernel_width, x + place + channel);
      Value gradient = read<Value>(dy + at + channel);
      if (tile.shape->rectified) gradient = best.value > 0 ? gradient : Value{};
      for (int64_t r = own.first_row; r < own.last_row; r++) {
        for (int64_t c = own.first_column; c < own.last_column; c++) {
          float* to = dx + (place - shift + channel + r * strides.row + c * strides.column);
          const Value sum = read<Value>(to);
          write(to, best.tap == static_cast<int32_t>(r * kernel_width + c) ? sum + gradient : sum);
        }
      }
    });
  });
}

float share(const PoolShape& shape, int64_t row, int64_t column) {
  return static_cast<float>(shape.vertical.size(row, shape.count_padding) * shape.horizontal.size(column, shape.count_padding));
}

void average(const PoolTile& tile, const float* x, float* y) {
  const Strides strides = strides_of(tile);
  each_window(tile, tile.begin, tile.end, [&](const Window& window, int64_t row, int64_t column, int64_t at) {
    const int64_t place = place_of(tile, row, column);
    const float size = share(*tile.shape, row, column);
    each_channel(tile.channels, [&](auto lanes, int64_t channel) {
      using Value = typename decltype(lanes)::Value;
      Value sum{};
      for (int64_t r = window.first_row; r < window.last_row; r++) {
        for (int64_t c = window.first_column; c < window.last_column; c++) sum += read<Value>(x + place + channel + r * strides.row + c * strides.column);
      }
      write(y + at + channel, sum / size);
    });
  });
}

void average_gradient(const PoolTile& tile, const float* dy, float* dx) {
  const Strides strides = strides_of(tile);
  const Reached reached = clear(tile, dx);
  const int64_t shift = (tile.begin - tile.input_row) * tile.shape->horizontal.input * tile.step;
  each_window(tile, reached.begin, reached.end, [&](const Window& window, int64_t row, int64_t column, int64_t at) {
    if (is_empty(window)) return;
    const Window own = inside_rows(tile, window, row);
    const int64_t place = place_of(tile, row, column) - shift;
    const float size = share(*tile.shape, row, column);
    each_channel(tile.channels, [&](auto lanes, int64_t channel) {
      using Value = typename decltype(lanes)::Value;
      const Value part = read<Value>(dy + at + channel) / size;
      for (int64_t r = own.first_row; r < own.last_row; r++) {
        for (int64_t c = own.first_column; c < own.last_column; c++) {
          float* to = dx + (place + channel + r * strides.row + c * strides.column);
          write(to, read<Value>(to) + part);
        }
      }
    });
  });
}

}  // namespace

const PoolTable& pool_table() {
  static const PoolTable table = {maximum, select, maximum_gradient, average, average_gradient};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
