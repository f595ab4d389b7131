// Work is cut into strips of rows. Channels-last, a strip is computed where it lies; row-major, 16 planes at a time are
// first brought side by side into a small buffer, computed like channels, and spread again.
#include "pooling.h"

#include <algorithm>
#include <memory>

#include "../instruction_sets.h"
#include "../team.h"
#include "../thread_memory.h"
#include "pool_blocks.h"

namespace sconce {

SCONCE_DISPATCH(PoolTable, pool_table)

namespace {

/** Planes that are computed side by side. */
constexpr std::int64_t kLanes = 16;
/** Floats that a strip should touch at most. */
constexpr std::int64_t kStrip = 65536;

enum class Pool { kMaximum, kSelect, kMaximumGradient, kAverage, kAverageGradient };

struct Rows {
  std::int64_t begin, end;
};

class Pooling final : public Kernel {
 public:
  Pooling(Pool pool, const PoolShape& shape) : pool_(pool), shape_(shape) {
    const std::size_t inputs = static_cast<std::size_t>(shape.inputs()) * 4;
    const std::size_t outputs = static_cast<std::size_t>(shape.outputs()) * 4;
    switch (pool) {
      case Pool::kMaximum:
      case Pool::kAverage: bytes_ = {inputs, outputs}; break;
      case Pool::kSelect: bytes_ = {inputs, inputs, outputs}; break;
      case Pool::kMaximumGradient: bytes_ = {inputs, outputs, inputs}; break;
      case Pool::kAverageGradient: bytes_ = {outputs, inputs}; break;
    }
    inputs_ = bytes_.size() - 1;
    const bool gradient = is_gradient();
    made_ = gradient ? shape.vertical.input : shape.vertical.output;
    const std::int64_t side_by_side = shape.channels_last ? shape.channels : kLanes;
    // Rows of the input that one row of the result stands for.
    const std::int64_t pace = gradient ? 1 : shape.vertical.stride;
    const std::int64_t per_row = std::max<std::int64_t>(1, pace * shape.horizontal.input * side_by_side);
    rows_ = std::max<std::int64_t>(1, std::min(made_, kStrip / per_row));
    // Strips of gradients do not cut windows that lie side by side.
    if (gradient && rows_ > shape.vertical.stride) rows_ -= rows_ % shape.vertical.stride;
    strips_ = (made_ + rows_ - 1) / rows_;
    if (shape.channels_last) return;
    for (std::int64_t strip = 0; strip < strips_; strip++) {
      const Rows made = rows_of(strip);
      const Rows input = input_rows(made);
      const Rows output = output_rows(made);
      // A gradient may have rows that no window reaches.
      const std::int64_t rows = std::max(input.end - input.begin, gradient ? made.end - made.begin : 0);
      packed_input_ = std::max(packed_input_, rows * shape.horizontal.input * kLanes);
      packed_output_ = std::max(packed_output_, (output.end - output.begin) * shape.horizontal.output * kLanes);
    }
  }

  void run(const Range* buffers, void*) const override {
    const std::int64_t groups = shape_.channels_last ? shape_.batch : (shape_.batch * shape_.channels + kLanes - 1) / kLanes;
    const std::int64_t units = groups * strips_;
    parallel_ranges(units, shape_.inputs() > 16384, [&](std::int64_t first, std::int64_t last) {
      float* packed = static_cast<float*>(thread_memory(static_cast<std::size_t>(2 * packed_input_ + packed_output_) * 4));
      for (std::int64_t unit = first; unit < last; unit++) {
        if (shape_.channels_last) run_in_place(buffers, unit / strips_, rows_of(unit % strips_));
        else run_packed(buffers, packed, unit / strips_, rows_of(unit % strips_));
      }
    });
  }

 private:
  bool is_gradient() const { return pool_ == Pool::kMaximumGradient || pool_ == Pool::kAverageGradient; }

  Rows rows_of(std::int64_t strip) const { return {strip * rows_, std::min(made_, (strip + 1) * rows_)}; }

  /** Output rows that a strip makes or reads. */
  Rows output_rows(Rows made) const {
    if (!is_gradient()) return made;
    const std::int64_t first = shape_.vertical.first_window(made.begin);
    return {first, std::max(first, shape_.vertical.last_window(made.end - 1))};
  }

  /** Input rows that a strip reads or makes. */
  Rows input_rows(Rows made) const {
    if (pool_ == Pool::kAverageGradient) return made;
    const Rows windows = output_rows(made);
    const PoolAxis& axis = shape_.vertical;
    Rows rows = {axis.input, 0};
    for (std::int64_t window = windows.begin; window < windows.end; window++) {
      const std::int64_t first = axis.first_tap(window);
      const std::int64_t last = axis.last_tap(window);
      if (first >= last) continue;
      rows.begin = std::min(rows.begin, axis.start(window) + first * axis.dilation);
      rows.end = std::max(rows.end, axis.start(window) + (last - 1) * axis.dilation + 1);
    }
    return rows.begin < rows.end ? rows : Rows{0, 0};
  }

  void compute(const PoolTile& tile, const float* x, const float* second, float* to) const {
    const PoolTable& table = pool_table();
    switch (pool_) {
      case Pool::kMaximum: return table.maximum(tile, x, to);
      case Pool::kSelect: return table.select(tile, x, second, to);
      case Pool::kMaximumGradient: return table.maximum_gradient(tile, x, second, to);
      case Pool::kAverage: return table.average(tile, x, to);
      case Pool::kAverageGradient: return table.average_gradient(tile, x, to);
    }
  }

  void run_in_place(const Range* buffers, std::int64_t image, Rows made) const {
    const std::int64_t input_row = shape_.horizontal.input * shape_.channels;
    const std::int64_t output_row = shape_.horizontal.output * shape_.channels;
    const PoolTile tile = {&shape_, shape_.channels, shape_.channels, made.begin, made.end, 0, is_gradient() ? 0 : made.begin};
    const auto image_of = [&](std::size_t buffer) {
      const bool pooled = buffer == bytes_.size() - 1 ? !is_gradient() : is_gradient() && buffer + 1 == inputs_;
      return static_cast<float*>(buffers[buffer].pointer) + image * (pooled ? shape_.vertical.output * output_row : shape_.vertical.input * input_row);
    };
    float* to = image_of(inputs_) + made.begin * (is_gradient() ? input_row : output_row);
    compute(tile, image_of(0), inputs_ > 1 ? image_of(1) : nullptr, to);
  }

  void run_packed(const Range* buffers, float* packed, std::int64_t group, Rows made) const {
    const std::int64_t first = group * kLanes;
    const std::int64_t planes = std::min(kLanes, shape_.batch * shape_.channels - first);
    const Rows input = input_rows(made);
    const Rows output = output_rows(made);
    const PoolTile tile = {&shape_, kLanes, kLanes, made.begin, made.end, pool_ == Pool::kAverageGradient ? made.begin : input.begin, output.begin};
    float* pieces[] = {packed, packed + packed_input_, packed + 2 * packed_input_};
    // Where each buffer's strip goes: inputs and their like in the first two pieces, outputs in the third.
    const auto move = [&](std::size_t buffer, bool pooled, Rows rows, float* piece, bool back) {
      const std::int64_t width = pooled ? shape_.horizontal.output : shape_.horizontal.input;
      const std::int64_t height = pooled ? shape_.vertical.output : shape_.vertical.input;
      float* plane = static_cast<float*>(buffers[buffer].pointer) + (first * height + rows.begin) * width;
      const std::int64_t count = (rows.end - rows.begin) * width;
      if (back) spread(plane, height * width, planes, count, piece);
      else gather(plane, height * width, planes, count, piece);
    };
    switch (pool_) {
      case Pool::kMaximum:
      case Pool::kAverage:
        move(0, false, input, pieces[0], false);
        compute(tile, pieces[0], nullptr, pieces[2]);
        return move(1, true, made, pieces[2], true);
      case Pool::kSelect:
        move(0, false, input, pieces[0], false);
        move(1, false, input, pieces[1], false);
        compute(tile, pieces[0], pieces[1], pieces[2]);
        return move(2, true, made, pieces[2], true);
      case Pool::kMaximumGradient:
        move(0, false, input, pieces[0], false);
        move(1, true, output, pieces[2], false);
        compute(tile, pieces[0], pieces[2], pieces[1]);
        return move(2, false, made, pieces[1], true);
      case Pool::kAverageGradient:
        move(0, true, output, pieces[2], false);
        compute(tile, pieces[2], nullptr, pieces[1]);
        return move(1, false, made, pieces[1], true);
    }
  }

  /** Brings `count` elements of each plane side by side. */
  static void gather(const float* planes, std::int64_t distance, std::int64_t lanes, std::int64_t count, float* packed) {
    if (lanes < kLanes) std::fill(packed, packed + count * kLanes, 0.0f);
    for (std::int64_t from = 0; from < count; from += kLanes) {
      const std::int64_t to = std::min(count, from + kLanes);
      for (std::int64_t lane = 0; lane < lanes; lane++) {
        for (std::int64_t i = from; i < to; i++) packed[i * kLanes + lane] = planes[lane * distance + i];
      }
    }
  }

  static void spread(float* planes, std::int64_t distance, std::int64_t lanes, std::int64_t count, const float* packed) {
    for (std::int64_t from = 0; from < count; from += kLanes) {
      const std::int64_t to = std::min(count, from + kLanes);
      for (std::int64_t lane = 0; lane < lanes; lane++) {
        for (std::int64_t i = from; i < to; i++) planes[lane * distance + i] = packed[i * kLanes + lane];
      }
    }
  }

  Pool pool_;
  PoolShape shape_;
  std::int64_t made_ = 0;    // rows of the result
  std::int64_t rows_ = 1;    // of a strip
  std::int64_t strips_ = 1;  // of a plane
  std::int64_t packed_input_ = 0;
  std::int64_t packed_output_ = 0;
};

}  // namespace

KernelPointer max_pool(Reader& reader) { return std::make_shared<Pooling>(Pool::kMaximum, read_pool_shape(reader)); }
KernelPointer max_pool_select(Reader& reader) { return std::make_shared<Pooling>(Pool::kSelect, read_pool_shape(reader)); }
KernelPointer max_pool_gradient(Reader& reader) { return std::make_shared<Pooling>(Pool::kMaximumGradient, read_pool_shape(reader)); }
KernelPointer average_pool(Reader& reader) { return std::make_shared<Pooling>(Pool::kAverage, read_pool_shape(reader)); }
KernelPointer average_pool_gradient(Reader& reader) { return std::make_shared<Pooling>(Pool::kAverageGradient, read_pool_shape(reader)); }

}  // namespace sconce
