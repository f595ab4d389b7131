#include "device.h"

#include <cstdlib>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace sconce {

namespace {

/** Every device of the process, for its exit. Never destroyed itself: exit destroys what is static in no useful order. */
struct Registry {
  std::mutex mutex;
  std::set<Device*> devices;
};

Registry& registry() {
  static Registry& all = *new Registry;
  return all;
}

}  // namespace

struct Device::Promise {
  napi_deferred deferred = nullptr;
  napi_ref bytes = nullptr;
  std::string error;
};

Device::Device(napi_env env, int threads) : env_(env), executor_(threads) {
  napi_value name = nullptr;
  check(env, napi_create_string_utf8(env, "sconce", NAPI_AUTO_LENGTH, &name));
  check(env, napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, settle, &settle_));
  // An open backend alone keeps no process running; pending promises do.
  check(env, napi_unref_threadsafe_function(env, settle_));
  // Hooks run in reverse order: this one before the function above and the environment itself go.
  check(env, napi_add_env_cleanup_hook(env, tear_down, this));
  hooked_ = true;
  static const int once = std::atexit(stop_all);
  static_cast<void>(once);
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().devices.insert(this);
}

Device::~Device() {
  {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    registry().devices.erase(this);
  }
  if (hooked_) napi_remove_env_cleanup_hook(env_, tear_down, this);
  close();
}

void Device::close() {
  if (closed_) return;
  closed_ = true;
  executor_.stop();
  buffers_.clear();
  if (pending_ == 0 && settle_ != nullptr) napi_release_threadsafe_function(std::exchange(settle_, nullptr), napi_tsfn_release);
}

void Device::tear_down(void* data) {
  Device& device = *static_cast<Device*>(data);
  device.hooked_ = false;
  device.heard_ = false;
  device.settle_ = nullptr;
  device.close();
}

/** Runs inside exit(): a kernel that went on would meet destroyed statics. */
void Device::stop_all() {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  for (Device* device : registry().devices) {
    device->heard_ = false;
    device->executor_.stop();
  }
}

napi_value Device::promise(napi_env env, napi_value self, napi_value bytes, std::function<void()> before) {
  auto promise = std::make_unique<Promise>();
  napi_value result = nullptr;
  if (bytes != nullptr) check(env, napi_create_reference(env, bytes, 1, &promise->bytes));
  check(env, napi_create_promise(env, &promise->deferred, &result));
  if (pending_++ == 0) {
    napi_create_reference(env, self, 1, &self_);
    napi_ref_threadsafe_function(env, settle_);
  }
  executor_.submit([this, raw = promise.release(), before = std::move(before)] {
    raw->error = executor_.take_error();
    if (raw->error.empty() && executor_.stopping()) raw->error = "native: the backend was closed before the work was done.";
    if (raw->error.empty()) before();
    if (!heard_ || napi_call_threadsafe_function(settle_, raw, napi_tsfn_blocking) != napi_ok) delete raw;
  });
  return result;
}

/** Runs on the JavaScript thread: settles one promise. Without an environment, nobody waits for it any more. */
void Device::settle(napi_env env, napi_value, void* context, void* data) {
  const std::unique_ptr<Promise> promise(static_cast<Promise*>(data));
  if (env == nullptr) return;
  napi_value value = nullptr;
  if (promise->bytes != nullptr) {
    napi_get_reference_value(env, promise->bytes, &value);
    napi_delete_reference(env, promise->bytes);
  } else {
    napi_get_undefined(env, &value);
  }
  if (promise->error.empty()) {
    napi_resolve_deferred(env, promise->deferred, value);
  } else {
    napi_value message = nullptr;
    napi_value error = nullptr;
    napi_create_string_utf8(env, promise->error.data(), promise->error.size(), &message);
    napi_create_error(env, nullptr, message, &error);
    napi_reject_deferred(env, promise->deferred, error);
  }
  Device& device = *static_cast<Device*>(context);
  if (--device.pending_ > 0) return;
  if (device.closed_) napi_release_threadsafe_function(std::exchange(device.settle_, nullptr), napi_tsfn_release);
  else napi_unref_threadsafe_function(env, device.settle_);
  napi_delete_reference(env, std::exchange(device.self_, nullptr));
}

}  // namespace sconce
