#include "team.h"

#include <omp.h>

#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace sconce {
namespace {

/** Looks before a waiting thread lets others run, who may be those that it waits for. */
constexpr int kLooks = 4000;

void rest() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

/** Waits until another thread has set `number`. */
void wait_for(const std::atomic<std::uint64_t>& value, std::uint64_t number) {
  for (int looks = 0; value.load(std::memory_order_acquire) != number; looks++) {
    if (looks < kLooks) rest();
    else std::this_thread::yield();
  }
}

/** The first exception of some threads. */
class Failure {
 public:
  /** Calls f, and keeps what it throws. */
  template <class F>
  void guard(const F& f) {
    try {
      f();
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!thrown_) thrown_ = std::current_exception();
    }
  }
  void rethrow() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  std::mutex mutex_;
  std::exception_ptr thrown_;
};

using Task = void (*)(void*, int);

/** Whether this thread does a share of something now: what it shares in turn is its own to do. */
thread_local bool has_share = false;

void do_share(Task task, void* context, int thread, Failure& failure) {
  has_share = true;
  failure.guard([&] { task(context, thread); });
  has_share = false;
}

/** The threads of an open region: its leader, and those that serve it. */
class Team {
 public:
  /** Room for so many threads, of which `begin` tells how many there are. */
  explicit Team(int most) : done_(new Done[static_cast<std::size_t>(most)]) {}

  void begin(int threads) { threads_ = threads; }
  int threads() const { return threads_; }

  void share(Task task, void* context) {
    post(task, context);
    do_share(task, context, 0, failure_);
    for (int thread = 1; thread < threads_; thread++) wait_for(done_[thread].number, posts_);
    failure_.rethrow();
  }

  /** What all but the leader do until they are dismissed. */
  void serve(int thread) {
    for (std::uint64_t number = 1;; number++) {
      wait_for(posted_.number, number);
      if (posted_.task == nullptr) return;
      do_share(posted_.task, posted_.context, thread, failure_);
      done_[thread].number.store(number, std::memory_order_release);
    }
  }

  void dismiss() { post(nullptr, nullptr); }

 private:
  // What one thread writes and others wait for is alone on its cache lines.
  struct alignas(128) Post {
    std::atomic<std::uint64_t> number{0};
    Task task = nullptr;
    void* context = nullptr;
  };
  struct alignas(128) Done {
    std::atomic<std::uint64_t> number{0};
  };

  void post(Task task, void* context) {
    posted_.task = task;
    posted_.context = context;
    posted_.number.store(++posts_, std::memory_order_release);
  }

  int threads_ = 1;
  std::uint64_t posts_ = 0;
  Post posted_;
  std::unique_ptr<Done[]> done_;
  Failure failure_;
};

/** The team that this thread leads. */
thread_local Team* led = nullptr;

}  // namespace

int team_size() { return has_share ? 1 : led != nullptr ? led->threads() : omp_get_max_threads(); }

void with_team(void (*work)(void*), void* context) {
  // Threads that share a processor had better sleep while they wait, as OpenMP's then do.
  const bool stays_awake = team_size() > 1 && team_size() <= omp_get_num_procs();
  if (led != nullptr || !stays_awake) return work(context);
  Failure failure;
  Team team(omp_get_max_threads());
#pragma omp parallel
  {
#pragma omp single
    team.begin(omp_get_num_threads());
    const int thread = omp_get_thread_num();
    if (thread > 0) {
      team.serve(thread);
    } else {
      led = &team;
      failure.guard([&] { work(context); });
      led = nullptr;
      team.dismiss();
    }
  }
  failure.rethrow();
}

void share(void (*task)(void*, int), void* context) {
  if (led != nullptr) return led->share(task, context);
  Failure failure;
  const int shares = team_size();
#pragma omp parallel
  for (int thread = omp_get_thread_num(); thread < shares; thread += omp_get_num_threads()) do_share(task, context, thread, failure);
  failure.rethrow();
}

}  // namespace sconce
