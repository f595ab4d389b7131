// The thread that does the work, in the order it was given, while JavaScript goes on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace sconce {

class Executor {
 public:
  using Task = std::function<void()>;

  /** `threads` is how many threads each kernel may use. */
  explicit Executor(int threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /** Runs `task` after all earlier ones; the result is its number, from 1. What it throws is kept for `take_error`. */
  std::uint64_t submit(Task task);
  /** Whether the task of that number has run; 0 counts as one that has. */
  bool finished(std::uint64_t number);
  /** Waits until the task of that number has run. */
  void wait(std::uint64_t number);
  /** Waits while more than `most` tasks are waiting: whoever submits without end is held back, not the memory filled. */
  void wait_for_room(std::size_t most);
  /** The first error since it was last taken, or an empty string. */
  std::string take_error();

  /** Runs what was submitted, with `stopping` true for tasks that can do less, and ends the thread. */
  void stop();
  /** Whether results no longer matter. */
  bool stopping() const { return stopping_; }

  /** Scratch memory of at least `bytes` bytes; only for tasks. */
  void* scratch(std::size_t bytes);

 private:
  void work(int threads);

  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable finished_;
  std::deque<Task> tasks_;
  std::uint64_t last_submitted_ = 0;
  std::uint64_t last_finished_ = 0;
  std::atomic<bool> stopping_{false};
  std::string error_;
  void* scratch_ = nullptr;
  std::size_t scratch_bytes_ = 0;
  std::thread thread_;
};

}  // namespace sconce
