#include "executor.h"

#include <omp.h>

#include <exception>
#include <stdexcept>
#include <utility>

#include "buffers.h"

namespace sconce {

Executor::Executor(int threads) : thread_([this, threads] { work(threads); }) {}

Executor::~Executor() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    leaving_ = true;
  }
  submitted_.notify_one();
  thread_.join();
  if (scratch_ != nullptr) free_bytes(scratch_, scratch_bytes_);
}

void Executor::submit(std::function<void()> task) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  submitted_.notify_one();
}

void Executor::drain() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    drained_.wait(lock, [this] { return tasks_.empty() && !busy_; });
  }
  const std::string error = take_error();
  if (!error.empty()) throw std::runtime_error(error);
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
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    submitted_.wait(lock, [this] { return leaving_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    busy_ = true;
    lock.unlock();
    std::string error;
    try {
      task();
    } catch (const std::exception& thrown) {
      error = thrown.what();
    }
    lock.lock();
    if (!error.empty() && error_.empty()) error_ = error;
    busy_ = false;
    if (tasks_.empty()) drained_.notify_all();
  }
}

}  // namespace sconce
