// A kernel that can do its work part by part: the positions along one loop of its results are its parts.
#pragma once

#include "../kernel.h"

namespace sconce {

class PartedKernel : public Kernel {
 public:
  /** How many parts there are. */
  virtual std::int64_t parts() const = 0;

  /** Does parts [first, last) on the calling thread alone; several threads may do different ones with the same scratch memory. */
  virtual void run_parts(const Range* buffers, void* scratch, std::int64_t first, std::int64_t last) const = 0;
};

using PartedPointer = std::shared_ptr<const PartedKernel>;

}  // namespace sconce
