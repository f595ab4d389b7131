// Sums stay in registers: those of some output channels at some neighbouring positions for results, those of some output
// channels and neighbouring taps for gradients of weights. Each element that is loaded is used for all of them.
#include "convolution_blocks.h"

#include <algorithm>

#include "../vectors.h"
#include "images.h"

namespace sconce {
namespace SCONCE_ISA {
namespace {

using std::int64_t;

using Vector = VectorOf<float>::Type;
constexpr int kLanes = VectorOf<float>::kLanes;
static_assert(kImages % kLanes == 0);

// With 32 registers of AVX-512, and with 16 of others.
constexpr bool kManyRegisters = kLanes == 16;
constexpr int kSums = kManyRegisters ? 24 : 12;
constexpr int kMostOfRows = kManyRegisters ? 8 : 4;
constexpr int kMostOfTaps = kManyRegisters ? 4 : 2;
/** Neighbouring taps. */
constexpr int kTaps = 5;

const Vector& at(const float* from) { return *reinterpret_cast<const Vector*>(from); }
Vector& at(float* to) { return *reinterpret_cast<Vector*>(to); }

/** Neighbouring positions whose sums fit the registers. */
constexpr int positions_for(int outputs) { return std::min(kSums / outputs, 8); }

/** Calls `body` with std::integral_constant of `count`, which is 1 to `Most`. */
template <int Most, class Body>
void with_constant(int64_t count, Body body) {
  if constexpr (Most > 1) {
    if (count < Most) return with_constant<Most - 1>(count, body);
  }
  body(std::integral_constant<int, Most>());
}

/** Cuts `total` into as few pieces of at most `Most` as there can be, of nearly equal size. */
template <int Most, class Body>
void in_pieces(int64_t total, Body body) {
  const int64_t pieces = (total + Most - 1) / Most;
  for (int64_t piece = 0, begin = 0; piece < pieces; piece++) {
    const int64_t size = (total - begin) / (pieces - piece);
    with_constant<Most>(size, [&](auto constant) { body(constant, begin); });
    begin += size;
  }
}

/** The rows or columns [first, last) of a kernel that reach into `extent` elements from any of `count` neighbouring results. */
struct Reach {
  int64_t first, last;
  Reach(int64_t result, int64_t count, int64_t before, int64_t extent, int64_t kernel)
      : first(std::max<int64_t>(0, before - (result + count - 1))), last(std::min(kernel, extent + before - result)) {}
};

template <int Outputs, int Positions>
void results(const ImagesRows& rows, int64_t row, int64_t column) {
  const ImagesShape& shape = *rows.shape;
  const Reach down(row, 1, shape.top, shape.height, shape.kernel_height);
  const Reach across(column, Positions, shape.left, shape.width, shape.kernel_width);
  for (int64_t image = 0; image < kImages; image += kLanes) {
    Vector sums[Outputs][Positions];
    for (int o = 0; o < Outputs; o++) {
      for (int p = 0; p < Positions; p++) sums[o][p] = rows.bias != nullptr ? Vector{} + rows.bias[o] : Vector{};
    }
    for (int64_t input = 0; input < shape.inputs; input++) {
      for (int64_t i = down.first; i < down.last; i++) {
        const float* x = rows.x + input * rows.x_plane + (row + i - shape.top) * rows.x_row + (column + across.first) * kImages + image;
        const float* weights = rows.weights + ((input * shape.kernel_height + i) * shape.kernel_width + across.first) * Outputs;
        for (int64_t j = across.first; j < across.last; j++) {
          Vector elements[Positions];
          for (int p = 0; p < Positions; p++) elements[p] = at(x + p * kImages);
          for (int o = 0; o < Outputs; o++) {
            for (int p = 0; p < Positions; p++) sums[o][p] += weights[o] * elements[p];
          }
          x += kImages;
          weights += Outputs;
        }
      }
    }
    for (int o = 0; o < Outputs; o++) {
      float* y = rows.y + ((o * shape.output_height + row) * shape.output_width + column) * kImages + image;
      for (int p = 0; p < Positions; p++) {
        const Vector sum = sums[o][p];
        at(y + p * kImages) = rows.rectified ? (sum < 0 ? Vector{} : sum) : sum;
      }
    }
  }
}

void rows(const ImagesRows& rows) {
  with_constant<kMostOfRows>(rows.outputs, [&](auto outputs) {
    constexpr int kOutputs = decltype(outputs)::value;
    for (int64_t row = rows.begin; row < rows.end; row++) {
      in_pieces<positions_for(kOutputs)>(rows.shape->output_width, [&](auto positions, int64_t column) {
        results<kOutputs, decltype(positions)::value>(rows, row, column);
      });
    }
  });
}

/** Adds to the sums of neighbouring taps in one row of the kernel. */
template <int Outputs, int Taps>
void gradients(const ImagesTaps& taps, int64_t kernel_row, int64_t kernel_column) {
  const ImagesShape& shape = *taps.shape;
  const int64_t plane = shape.output_height * shape.output_width * kImages;
  const int64_t apart = shape.kernel_height * shape.kernel_width * kImages;
  const int64_t begin = std::max<int64_t>(0, shape.top - kernel_row);
  const int64_t end = std::min(shape.output_height, shape.height + shape.top - kernel_row);
  for (int64_t image = 0; image < kImages; image += kLanes) {
    float* to = taps.sums + (kernel_row * shape.kernel_width + kernel_column) * kImages + image;
    Vector sums[Outputs][Taps];
    for (int o = 0; o < Outputs; o++) {
      for (int t = 0; t < Taps; t++) sums[o][t] = at(to + o * apart + t * kImages);
    }
    for (int64_t row = begin; row < end; row++) {
      const float* x = taps.x + (row + kernel_row - shape.top) * taps.x_row + kernel_column * kImages + image;
      const float* dy = taps.dy + row * shape.output_width * kImages + image;
      for (int64_t column = 0; column < shape.output_width; column++) {
        Vector elements[Taps];
        for (int t = 0; t < Taps; t++) elements[t] = at(x + t * kImages);
        for (int o = 0; o < Outputs; o++) {
          const Vector gradient = at(dy + o * plane);
          for (int t = 0; t < Taps; t++) sums[o][t] += gradient * elements[t];
        }
        x += kImages;
        dy += kImages;
      }
    }
    for (int o = 0; o < Outputs; o++) {
      for (int t = 0; t < Taps; t++) at(to + o * apart + t * kImages) = sums[o][t];
    }
  }
}

void taps(const ImagesTaps& taps) {
  with_constant<kMostOfTaps>(taps.outputs, [&](auto outputs) {
    constexpr int kOutputs = decltype(outputs)::value;
    for (int64_t row = 0; row < taps.shape->kernel_height; row++) {
      in_pieces<kTaps>(taps.shape->kernel_width, [&](auto count, int64_t column) { gradients<kOutputs, decltype(count)::value>(taps, row, column); });
    }
  });
}

}  // namespace

const ImagesTable& images_table() {
  static const ImagesTable table = {kMostOfRows, kMostOfTaps, rows, taps};
  return table;
}

}  // namespace SCONCE_ISA
}  // namespace sconce
