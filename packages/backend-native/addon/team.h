// The threads that share the work of a kernel.
//
// They are OpenMP's, which oneDNN uses as well. But a parallel region of OpenMP takes more than a microsecond to begin and
// end, and a small network's kernels are hundreds that take a few microseconds each. So `with_team` opens one region for
// many kernels: its other threads wait there, awake, for what `share` gives them, which takes a fraction of that.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace sconce {

/** How many threads there are, the calling one included. */
int team_size();

/** Calls work(context) on this thread, with a team that stays together until it returns. Nothing within may call oneDNN. */
void with_team(void (*work)(void* context), void* context);

template <class F>
void with_team(const F& f) {
  with_team([](void* given) { (*static_cast<const F*>(given))(); }, const_cast<F*>(&f));
}

/** Calls task(context, thread) once on every thread of the team, and returns when all are done. What one of them throws is thrown here. */
void share(void (*task)(void* context, int thread), void* context);

/** Calls f(first, last) on every thread for a share of [0, count): the more threads, the fewer. On this thread alone unless it is `worthwhile`. */
template <class F>
void parallel_ranges(std::int64_t count, bool worthwhile, const F& f) {
  if (count <= 0) return;
  if (count == 1 || !worthwhile || team_size() == 1) return f(std::int64_t{0}, count);
  struct Context {
    const F& f;
    std::int64_t count, threads;
  } context{f, count, team_size()};
  share([](void* given, int thread) {
    const Context& c = *static_cast<Context*>(given);
    // The first threads get one more where they do not all get as many.
    const std::int64_t each = c.count / c.threads, more = c.count % c.threads;
    const std::int64_t first = thread * each + std::min<std::int64_t>(thread, more);
    const std::int64_t last = first + each + (thread < more ? 1 : 0);
    if (first < last) c.f(first, last);
  }, &context);
}

/** Calls f(i) for every i of [0, count): neighbours on one thread. On this thread alone unless it is `worthwhile`. */
template <class F>
void parallel_for(std::int64_t count, bool worthwhile, const F& f) {
  parallel_ranges(count, worthwhile, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; i++) f(i);
  });
}

template <class F>
void parallel_for(std::int64_t count, const F& f) {
  parallel_for(count, true, f);
}

/** Calls f(i) for every i of [0, count): each thread takes the next when it is done with one. */
template <class F>
void parallel_tasks(std::int64_t count, const F& f) {
  std::atomic<std::int64_t> next{0};
  parallel_ranges(std::min<std::int64_t>(count, team_size()), true, [&](std::int64_t, std::int64_t) {
    for (std::int64_t i = next++; i < count; i = next++) f(i);
  });
}

}  // namespace sconce
