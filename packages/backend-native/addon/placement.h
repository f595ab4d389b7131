// Where threads run. A thread that slept may be woken on the processor of the thread that woke it, and the two then share
// it for some milliseconds while another processor stands idle. Where every processor of the process has its thread, the
// helpers of parallel regions are therefore held away from the thread that leads them, and from each other.
#pragma once

#include <vector>

namespace sconce {

/** Keeps the threads of the calling thread's parallel regions apart. Only on Linux; elsewhere it does nothing. */
class Placement {
 public:
  /** `threads`: how many threads a region has. Does nothing where there are not as many processors. */
  explicit Placement(int threads);

  /** To be called by the leading thread ahead of work after a rest; costs little when all are in place. */
  void spread();

 private:
  /** A helper; 0 while it is not known. */
  struct Helper {
    int thread = 0;
    int processor = 0;
  };

  int leader_processor_ = 0;
  std::vector<Helper> helpers_;
};

}  // namespace sconce
