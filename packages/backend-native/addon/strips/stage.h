// One of several operations on images that are done together, some rows at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../kernel.h"
#include "../results/result_steps.h"
#include "../sizes.h"

namespace sconce {

struct Rows {
  std::int64_t begin, end;

  std::int64_t count() const { return end - begin; }
};

/** What a stage reads besides its image, for one run. */
struct StageOperands {
  const float* weight = nullptr;
  std::vector<ResultStep> steps;
};

/** Rows of an image of results, and what they are made from. */
struct StagePiece {
  const StageOperands& operands;
  std::int64_t image;
  /** Where row 0 of the image lies, or would lie. */
  const float* from;
  Rows rows;
  /** Where row 0 of the results lies, or would lie. */
  float* to;
  /** The thread's own. */
  void* memory;
};

class Stage {
 public:
  virtual ~Stage() = default;

  /** Packs the weights, into scratch memory if they are not kept. */
  virtual StageOperands prepare(const Range* operands, void* scratch) const = 0;
  /** Bytes of a thread's own memory for so many rows of results. */
  virtual std::size_t thread_bytes(std::int64_t rows) const = 0;
  virtual void compute(const StagePiece& piece) const = 0;

  const std::vector<std::size_t>& operand_bytes() const { return operand_bytes_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  std::int64_t batch() const { return batch_; }
  /** Of the results: rows of an image, and elements from one row to the next. */
  std::int64_t height() const { return height_; }
  std::int64_t row() const { return row_; }
  std::size_t input_bytes() const { return bytes_of(batch_ * input_height_ * input_row_); }
  std::size_t result_bytes() const { return result_bytes_; }
  std::int64_t input_image() const { return input_height_ * input_row_; }

  /** Whether the images that it reads are the results of the other one. */
  bool follows(const Stage& other) const { return other.batch_ == batch_ && other.height_ == input_height_ && other.row_ == input_row_; }

  /** Rows of the input that the windows of these rows of results meet. */
  Rows met(Rows results) const {
    const std::int64_t begin = results.begin * stride_ - top_, end = (results.end - 1) * stride_ - top_ + window_;
    const std::int64_t first = std::clamp<std::int64_t>(begin, 0, input_height_);
    return {first, std::clamp(end, first, input_height_)};
  }

  /** The most rows of the input that so many rows of results meet. */
  std::int64_t most_met(std::int64_t rows) const { return std::min((rows - 1) * stride_ + window_, input_height_); }

 protected:
  std::vector<std::size_t> operand_bytes_;
  std::size_t scratch_bytes_ = 0, result_bytes_ = 0;
  std::int64_t batch_ = 1, input_height_ = 1, input_row_ = 1, height_ = 1, row_ = 1;
  /** Vertically: from one window to the next, the rows of a window, and the rows of padding above the image. */
  std::int64_t stride_ = 1, window_ = 1, top_ = 0;
};

using StagePointer = std::unique_ptr<const Stage>;

}  // namespace sconce
