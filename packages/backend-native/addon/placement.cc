#include "placement.h"

#if defined(__linux__)

#include <omp.h>
#include <sched.h>

#include <vector>

namespace sconce {
namespace {

/** The processors that the process may use. */
std::vector<int> find_processors() {
  cpu_set_t set;
  std::vector<int> processors;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return processors;
  for (int i = 0; i < CPU_SETSIZE; i++) {
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  }
  return processors;
}

void restrict_to(const int* processors, std::size_t count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (std::size_t i = 0; i < count; i++) CPU_SET(processors[i], &set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

void spread_threads(int threads) {
  static const std::vector<int> processors = find_processors();
  if (threads < 2 || processors.size() != static_cast<std::size_t>(threads)) return;
#pragma omp parallel
  {
    const int* own = &processors[static_cast<std::size_t>(omp_get_thread_num()) % processors.size()];
    if (omp_get_thread_num() == 0) {
      // Moved, but not held: threads that it starts inherit where it may run.
      if (sched_getcpu() != *own) {
        restrict_to(own, 1);
        restrict_to(processors.data(), processors.size());
      }
    } else {
      thread_local bool held = false;
      if (!held) restrict_to(own, 1);
      held = true;
    }
  }
}

}  // namespace sconce

#else

namespace sconce {

void spread_threads(int) {}

}  // namespace sconce

#endif
