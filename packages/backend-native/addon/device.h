// One opened backend: its buffers, its thread, and the promises it owes to JavaScript.
//
// It may end in four ways, and the thread is joined in each: JavaScript closes it; its handle is collected; its
// environment (a worker thread of Node, or the process) is torn down; or the process exits at once, which tears nothing
// down. Work that has not begun by then is left out; promises are rejected as long as somebody can still hear of it.
#pragma once

#include <atomic>
#include <functional>

#include "buffers.h"
#include "executor.h"
#include "values.h"

namespace sconce {

class Device {
 public:
  /** `threads` is how many threads a kernel may use. */
  Device(napi_env env, int threads);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /** Stops the thread and frees the buffers. Calling it again does nothing. */
  void close();
  bool closed() const { return closed_; }

  Buffers& buffers() { return buffers_; }
  Executor& executor() { return executor_; }

  /**
   * A promise that settles once everything submitted has run. With `bytes`, an ArrayBuffer, that is its value, and
   * `before` runs on the executor just ahead; otherwise it is undefined. `self` is the handle: the device outlives its promises.
   */
  napi_value promise(napi_env env, napi_value self, napi_value bytes, std::function<void()> before);

 private:
  struct Promise;

  static void settle(napi_env env, napi_value, void* device, void* promise);
  static void tear_down(void* device);
  static void stop_all();

  napi_env env_;
  napi_threadsafe_function settle_ = nullptr;  // null once Node has taken it down
  napi_ref self_ = nullptr;                    // held while promises are pending
  int pending_ = 0;
  bool closed_ = false;
  bool hooked_ = false;  // whether the environment will call tear_down
  std::atomic<bool> heard_{true};  // false when no promise can be settled any more
  Buffers buffers_;
  Executor executor_;
};

}  // namespace sconce
