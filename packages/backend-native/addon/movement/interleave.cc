#include "interleave.h"

#include <algorithm>

#include "../instruction_sets.h"
#include "interleave_blocks.h"

namespace sconce {

SCONCE_DISPATCH(InterleaveTable, interleave_table)

namespace {

/** Positions that are worth a piece of their own. */
constexpr std::int64_t kPiece = 8192;

class InterleaveKernel final : public Kernel {
 public:
  InterleaveKernel(std::int64_t batch, std::int64_t positions, std::int64_t planes) : batch_(batch), positions_(positions), planes_(planes) {
    bytes_ = {static_cast<std::size_t>(batch * positions * planes) * 4, static_cast<std::size_t>(batch * positions * planes) * 4};
    inputs_ = 1;
  }

  void run(const Range* buffers, void*) const override {
    const Interleave interleave = interleave_table().of[planes_ - 2];
    const std::uint32_t* from = static_cast<const std::uint32_t*>(buffers[0].pointer);
    std::uint32_t* to = static_cast<std::uint32_t*>(buffers[1].pointer);
    const std::int64_t pieces = (positions_ + kPiece - 1) / kPiece;
#pragma omp parallel for schedule(static) if (batch_ * pieces > 1)
    for (std::int64_t unit = 0; unit < batch_ * pieces; unit++) {
      const std::int64_t image = unit / pieces * positions_ * planes_, first = unit % pieces * kPiece;
      interleave(from + image + first, positions_, std::min(kPiece, positions_ - first), to + image + first * planes_);
    }
  }

 private:
  std::int64_t batch_, positions_, planes_;
};

/** Whether the nest copies elements of four bytes as they are. */
bool copies(const Nest& nest) {
  if (nest.reduces || nest.body.size() != 1 || nest.stores.size() != 1 || nest.inputs.size() != 1) return false;
  const Instruction& load = nest.body[0];
  const bool is_plain = load.kind == Instruction::Kind::kLoad && !load.computed && load.guard < 0 && load.offset == 0;
  return is_plain && load.dtype == nest.inputs[0] && nest.stores[0].dtype == nest.inputs[0] && bytes_per_element(load.dtype) == 4;
}

}  // namespace

KernelPointer interleave(const Nest& nest) {
  if (nest.shape.size() != 3 || !copies(nest)) return nullptr;
  const std::int64_t batch = nest.shape[0], positions = nest.shape[1], planes = nest.shape[2];
  if (batch < 1 || positions < 1 || planes < 2 || planes > kMostPlanes) return nullptr;
  const std::vector<std::int64_t>& strides = nest.body[0].strides;
  const bool fits = (batch == 1 || strides[0] == positions * planes) && strides[1] == 1 && strides[2] == positions;
  return fits ? std::make_shared<InterleaveKernel>(batch, positions, planes) : nullptr;
}

}  // namespace sconce
