// The reductions of a nest. How one is cut into pieces depends on its shape alone, so results do not depend on the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "../kernel.h"
#include "../sizes.h"
#include "loops.h"
#include "nest.h"
#include "sheet_worker.h"

namespace sconce {

/** The reductions of a nest, into arrays with one lane per output element. */
class Reduction {
 public:
  /** `in_parts` says whether parts of its first output loop will be asked for, each whole. */
  Reduction(const Nest& nest, bool in_parts);

  /** Bytes of the accumulators themselves, and of the partial results besides. */
  std::size_t result_bytes() const { return accumulators_.size() * padded(outputs_ * 8); }
  std::size_t partial_bytes() const { return pieces_ > 1 ? accumulators_.size() * padded(outputs_ * pieces_ * 8) : 0; }

  void* result(void* scratch, std::size_t accumulator) const { return static_cast<char*>(scratch) + accumulator * padded(outputs_ * 8); }

  void run(const Range* inputs, void* scratch) const;

  /** Parts [first, last) of the `parts` of the first output loop, on this thread. */
  void run_parts(const Range* inputs, void* scratch, std::int64_t parts, std::int64_t first, std::int64_t last) const;

 private:
  Lane lane(std::size_t i) const { return lane_of(accumulators_[i].dtype); }
  bool is_parallel() const { return outputs_ * inner_ * static_cast<std::int64_t>(length_) > kSerial; }
  double* partial(void* scratch, std::size_t accumulator) const;

  /** Whether vectors along the innermost output loop read memory in a better order than along the innermost reduction loop. */
  static bool prefers_outputs(const Nest& nest, const std::vector<std::int64_t>& extents);

  /** Long reductions of few outputs are cut, so that there is work for many threads. */
  void choose_pieces(bool cuts);

  void run_groups(const Range* inputs, void* scratch, std::int64_t first, std::int64_t last, bool parallel) const;

  void run_along_outputs(const Range* inputs, void* scratch, std::int64_t first_group, std::int64_t last_group, bool parallel) const;

  void run_along_reduction(const Range* inputs, void* scratch, std::int64_t first_group, std::int64_t last_group, bool parallel) const;

  double reduce_block(SheetWorker& worker, std::size_t i, std::int64_t from, std::int64_t n) const;

  void merge(void* scratch) const;

  /** Whether it is the most common accumulator, for which there are loops without choices. */
  bool sums_floats(std::size_t i) const { return accumulators_[i].combine == Combine::kSum && lane(i) == Lane::kFloat32; }

  /** Results from number `at` on. */
  void write(void* scratch, std::size_t i, std::int64_t at, const double* values, std::int64_t count) const;

  std::vector<Accumulator> accumulators_;
  std::size_t length_;
  std::unique_ptr<Sheet> sheet_;
  bool along_outputs_ = false;
  bool cuts_columns_ = false;
  std::int64_t outputs_ = 1;
  std::int64_t inner_ = 1;
  std::int64_t columns_ = 1;
  std::int64_t groups_ = 1;
  std::int64_t rows_per_group_ = 1;
  std::int64_t units_per_group_ = 1;
  std::int64_t pieces_ = 1;
};

}  // namespace sconce
