// What the addon runs: kernels over raw buffers, each knowing how many bytes it touches of every one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sconce {

/** A mistake in what JavaScript asked for; it becomes a JavaScript error. */
struct ArgumentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** A range of memory. */
struct Range {
  void* pointer = nullptr;
  std::size_t bytes = 0;
  /** Changes with every write: equal versions are equal contents. */
  std::uint64_t version = 0;
  /** Whether nothing has been written since it came from the system filled with zeros. */
  bool holds_zeros = false;
};

/** A compiled kernel. Its buffers are the inputs followed by the outputs. */
class Kernel {
 public:
  virtual ~Kernel() = default;

  /** Reads the inputs, writes the outputs; `scratch` has `scratch_bytes()` bytes of arbitrary contents. */
  virtual void run(const Range* buffers, void* scratch) const = 0;

  /** Bytes that are touched of each buffer; callers check them before `run`. */
  const std::vector<std::size_t>& bytes() const { return bytes_; }
  /** How many of the buffers are inputs. */
  std::size_t inputs() const { return inputs_; }
  std::size_t scratch_bytes() const { return scratch_bytes_; }
  /**
   * Not 0 for a kernel that leaves its outputs as they are where they hold what it wrote from the same inputs: a number of
   * its own. Their versions then stay, too; `run` sees by the versions of its outputs what is left to do.
   */
  virtual std::uint64_t keeps() const { return 0; }
  /** Whether it calls oneDNN, which has its own way to share work among threads: it must not be run within `with_team` (team.h). */
  bool calls_library() const { return calls_library_; }

 protected:
  std::vector<std::size_t> bytes_;
  std::size_t inputs_ = 0;
  std::size_t scratch_bytes_ = 0;
  bool calls_library_ = false;
};

using KernelPointer = std::shared_ptr<const Kernel>;

}  // namespace sconce
