#include "placement.h"

#if defined(__linux__)

#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <string>

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

/** Holds a thread of this process on a processor. A thread that has ended is left alone, whoever has its number now. */
void hold(int thread, int processor) {
  if (access(("/proc/self/task/" + std::to_string(thread)).c_str(), F_OK) != 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  sched_setaffinity(thread, sizeof set, &set);
}

}  // namespace

Placement::Placement(int threads) {
  static const std::vector<int> processors = find_processors();
  if (threads < 2 || processors.size() != static_cast<std::size_t>(threads)) return;
  leader_processor_ = processors[0];
  for (std::size_t i = 1; i < processors.size(); i++) helpers_.push_back({0, processors[i]});
}

void Placement::spread() {
  if (helpers_.empty()) return;
  // The leader runs wherever the system put it. A helper that is held there changes places with it, before it wakes.
  const int here = sched_getcpu();
  for (Helper& helper : helpers_) {
    if (here == leader_processor_ || helper.processor != here) continue;
    helper.processor = leader_processor_;
    leader_processor_ = here;
    if (helper.thread != 0) hold(helper.thread, helper.processor);
  }
  // Helpers are started, and ended, as regions need them.
#pragma omp parallel
  {
    const std::size_t number = static_cast<std::size_t>(omp_get_thread_num());
    thread_local bool known = false;
    if (number > 0 && number <= helpers_.size() && !known) {
      known = true;
      Helper& helper = helpers_[number - 1];
      helper.thread = gettid();
      hold(helper.thread, helper.processor);
    }
  }
}

}  // namespace sconce

#else

namespace sconce {

Placement::Placement(int) {}
void Placement::spread() {}

}  // namespace sconce

#endif
