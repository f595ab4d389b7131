#include "executor.h"

#include <omp.h>

#include <exception>
#include <utility>

#include "buffers.h"
#include "placement.h"

namespace sconce {

Executor::Executor(int threads) : thread_([this, threads] { work(threads); }) {}

Executor::~Executor() {
  stop();
  if (scratch_ != nullptr) free_bytes(scratch_, scratch_bytes_);
}

void Executor::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  submitted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t Executor::submit(Task task) {
  std::uint64_t number = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    number = ++last_submitted_;
  }
  submitted_.notify_one();
  return number;
}

bool Executor::finished(std::uint64_t number) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return last_finished_ >= number;
}

void Executor::wait(std::uint64_t number) {
  std::unique_lock<std::mutex> lock(mutex_);
  finished_.wait(lock, [this, number] { return last_finished_ >= number; });
}

void Executor::wait_for_room(std::size_t most) {
  std::unique_lock<std::mutex> lock(mutex_);
  finished_.wait(lock, [this, most] { return tasks_.size() <= most; });
}

std::string Executor::take_error() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(error_, std::string());
}

void* Executor::scratch(std::size_t bytes) {
  if (bytes > scratch_bytes_) {
    if (scratch_ != nullptr) free_bytes(scratch_, scratch_bytes_);
    scratch_ = nullptr;
    scratch_bytes_ = 0;
    scratch_ = allocate_bytes(bytes);
    scratch_bytes_ = bytes;
  }
  return scratch_;
}

void Executor::work(int threads) {
  omp_set_num_threads(threads);
  Placement placement(threads);
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    submitted_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    std::string error;
    try {
      placement.spread();
      task();
    } catch (const std::exception& thrown) {
      error = thrown.what();
    } catch (...) {
      error = "native: a task failed.";
    }
    // What the task holds may be large, and is freed outside the lock.
    task = nullptr;
    lock.lock();
    if (!error.empty() && error_.empty()) error_ = std::move(error);
    last_finished_++;
    finished_.notify_all();
  }
}

}  // namespace sconce
