// Some rows of each image between two stages are made in a buffer that stays in the second-level cache, and read from there.
// Rows that the next windows need once more move to the buffer's beginning. A thread goes down a band of the image; only
// the rows around a border between bands are made twice. "Expansion", "depthwise" and "projection" of an inverted residual
// block (Sandler et al., "MobileNetV2", 2018) are such stages, or a first convolution and the pool that follows.
#include "strips.h"

#include <cstring>

#include "../team.h"
#include "../thread_memory.h"

namespace sconce {
namespace {

/** Bytes of the images in between that are made at a time. */
constexpr std::int64_t kStripBytes = std::int64_t{256} << 10;
/** Rows of results that are made at a time, at most. */
constexpr std::int64_t kMostRows = 1024;

class Strips final : public Kernel {
 public:
  explicit Strips(std::vector<StagePointer> stages) : stages_(std::move(stages)), most_rows_(stages_.size()) {
    bytes_ = {stages_[0]->input_bytes()};
    for (const StagePointer& stage : stages_) {
      bytes_.insert(bytes_.end(), stage->operand_bytes().begin(), stage->operand_bytes().end());
      scratch_bytes_ += padded(stage->scratch_bytes());
    }
    inputs_ = bytes_.size();
    bytes_.push_back(last().result_bytes());
    // Two rows of results are often computed together.
    strip_ = 2;
    while (strip_ < std::min(last().height(), kMostRows) && buffer_bytes(strip_ + 2) <= kStripBytes) strip_ += 2;
    buffer_bytes(strip_);
    for (std::size_t i = 0; i < stages_.size(); i++) stage_bytes_ = std::max(stage_bytes_, stages_[i]->thread_bytes(most_rows_[i]));
  }

  void run(const Range* buffers, void* scratch) const override {
    std::vector<StageOperands> operands;
    const Range* at = buffers + 1;
    char* memory = static_cast<char*>(scratch);
    for (const StagePointer& stage : stages_) {
      operands.push_back(stage->prepare(at, memory));
      at += stage->operand_bytes().size();
      memory += padded(stage->scratch_bytes());
    }
    const float* x = static_cast<const float*>(buffers[0].pointer);
    float* y = static_cast<float*>(buffers[inputs_].pointer);
    // Every result is the same sum however the bands are cut, so there may be as many as threads.
    const std::int64_t batch = last().batch(), height = last().height();
    const std::int64_t bands = std::clamp<std::int64_t>(ceiling(team_size(), batch), 1, ceiling(height, 4));
    parallel_for(batch * bands, [&](std::int64_t i) {
      const std::int64_t image = i / bands, band = i % bands, end = height * (band + 1) / bands;
      Band work = {operands, image, x + image * stages_[0]->input_image(), {}, nullptr};
      char* own = static_cast<char*>(thread_memory(stage_bytes_ + total_bytes_));
      work.memory = own;
      own += stage_bytes_;
      for (std::size_t stage = 0; stage + 1 < stages_.size(); stage++) {
        work.buffers.push_back({reinterpret_cast<float*>(own), {0, 0}});
        own += bytes_between(stage);
      }
      for (Rows strip = {0, height * band / bands}; strip.end < end;) {
        strip = {strip.end, std::min(end, strip.end + strip_)};
        compute(work, stages_.size() - 1, strip, y + image * height * last().row());
      }
    });
  }

 private:
  /** The rows that there are of the image after a stage. */
  struct Buffer {
    float* memory;
    Rows present;
  };

  /** What a thread works on. */
  struct Band {
    const std::vector<StageOperands>& operands;
    std::int64_t image;
    const float* x;
    std::vector<Buffer> buffers;
    void* memory;
  };

  const Stage& last() const { return *stages_.back(); }
  std::size_t bytes_between(std::size_t stage) const { return padded(bytes_of(most_rows_[stage] * stages_[stage]->row())); }

  /** Bytes of all buffers for so many rows of results at a time. */
  std::int64_t buffer_bytes(std::int64_t strip) {
    most_rows_.back() = strip;
    total_bytes_ = 0;
    for (std::size_t stage = stages_.size() - 1; stage > 0; stage--) {
      most_rows_[stage - 1] = stages_[stage]->most_met(most_rows_[stage]);
      total_bytes_ += bytes_between(stage - 1);
    }
    return static_cast<std::int64_t>(total_bytes_);
  }

  void compute(Band& band, std::size_t stage, Rows rows, float* to) const {
    const float* const from = stage == 0 ? band.x : present(band, stage - 1, stages_[stage]->met(rows));
    stages_[stage]->compute({band.operands[stage], band.image, from, rows, to, band.memory});
  }

  /** Makes rows of the image after a stage, as far as they are not there; the result is where row 0 would lie. */
  float* present(Band& band, std::size_t stage, Rows needed) const {
    const std::int64_t row = stages_[stage]->row();
    auto& [memory, rows] = band.buffers[stage];
    const std::int64_t kept = std::clamp<std::int64_t>(rows.end - needed.begin, 0, needed.count());
    if (kept > 0 && needed.begin > rows.begin) std::memmove(memory, memory + (needed.begin - rows.begin) * row, bytes_of(kept * row));
    rows = needed;
    float* const first = memory - needed.begin * row;
    if (kept < needed.count()) compute(band, stage, {needed.begin + kept, needed.end}, first);
    return first;
  }

  std::vector<StagePointer> stages_;
  std::vector<std::int64_t> most_rows_;  // of the results of each stage that are made at a time
  std::int64_t strip_;                   // rows of the last one's
  std::size_t total_bytes_ = 0, stage_bytes_ = 0;
};

}  // namespace

KernelPointer strips(std::vector<StagePointer> stages) { return std::make_shared<Strips>(std::move(stages)); }

}  // namespace sconce
