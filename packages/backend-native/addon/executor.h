// The thread that does the work, in the order it was given, while JavaScript goes on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sconce {

class Executor {
 public:
  /** `threads` is how many threads each kernel may use. */
  explicit Executor(int threads);
  /** Finishes what was submitted. */
  ~Executor();

  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /** Runs `task` after all earlier ones. What it throws is kept for the next `drain`. */
  void submit(std::function<void()> task);
  /** Waits until everything submitted has run; throws the first error since the last call. */
  void drain();
  /** The first error since it was last taken, or an empty string. */
  std::string take_error();

  /** Scratch memory of at least `bytes` bytes; only for tasks. */
  void* scratch(std::size_t bytes);

 private:
  void work(int threads);

  std::mutex mutex_;
  std::condition_variable submitted_;
  std::condition_variable drained_;
  std::deque<std::function<void()>> tasks_;
  bool busy_ = false;
  bool leaving_ = false;
  std::string error_;
  void* scratch_ = nullptr;
  std::size_t scratch_bytes_ = 0;
  std::thread thread_;
};

}  // namespace sconce
