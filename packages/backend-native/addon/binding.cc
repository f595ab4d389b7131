// The addon's face to JavaScript: buffers by number, kernels and programs as handles, runs in the order they are asked for.
//
// Every argument is checked here or by the Reader; whatever is thrown becomes a JavaScript error.
#define NAPI_VERSION 8
#include <node_api.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "buffers.h"
#include "executor.h"
#include "kernel.h"
#include "primitives.h"
#include "reader.h"

namespace sconce {
namespace {

/** Kernels in order, with the place of each one's buffers in the list that a run is given. */
struct Program {
  std::vector<KernelPointer> kernels;
  std::size_t buffers = 0;
  std::size_t scratch_bytes = 0;
};

/** One opened backend. */
struct Device {
  explicit Device(int threads) : executor(threads) {}
  Buffers buffers;
  Executor executor;
  napi_threadsafe_function settle = nullptr;
  int pending = 0;
};

/** A promise that the executor settles, perhaps with bytes. */
struct Settlement {
  Device* device;
  napi_deferred deferred;
  bool reads;
  std::vector<char> bytes;
  std::string error;
};

void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw ArgumentError(std::string("native: ") + (info && info->error_message ? info->error_message : "a call was refused"));
}

/** Wrong types get a clear error from the JavaScript side's own checks; these keep a mistake there from becoming a crash. */
double number_of(napi_env env, napi_value value) {
  double number = 0;
  check(env, napi_get_value_double(env, value, &number));
  return number;
}

std::size_t size_of(napi_env env, napi_value value) {
  const double number = number_of(env, value);
  if (!(number >= 0 && number <= 9007199254740991.0)) throw ArgumentError("native: a size must be a whole number from 0.");
  return static_cast<std::size_t>(number);
}

template <class Item>
struct Span {
  Item* items;
  std::size_t count;
};

template <class Item>
Span<Item> typed_array(napi_env env, napi_value value, napi_typedarray_type expected) {
  bool is = false;
  check(env, napi_is_typedarray(env, value, &is));
  napi_typedarray_type type{};
  std::size_t count = 0;
  void* data = nullptr;
  if (is) check(env, napi_get_typedarray_info(env, value, &type, &count, &data, nullptr, nullptr));
  if (!is || type != expected) throw ArgumentError("native: an argument is not the typed array it should be.");
  return {static_cast<Item*>(data), count};
}

// Externals carry a tag, so that one kind cannot be passed for another.
constexpr napi_type_tag kDeviceTag{0x53636f6e63650001, 0x6465766963650001};
constexpr napi_type_tag kKernelTag{0x53636f6e63650002, 0x6b65726e656c0002};
constexpr napi_type_tag kProgramTag{0x53636f6e63650003, 0x70726f6772616d03};

template <class Held>
napi_value wrap(napi_env env, Held* held, const napi_type_tag& tag) {
  napi_value object = nullptr;
  check(env, napi_create_object(env, &object));
  check(env, napi_type_tag_object(env, object, &tag));
  check(env, napi_wrap(env, object, held, [](napi_env, void* data, void*) { delete static_cast<Held*>(data); }, nullptr, nullptr));
  return object;
}

template <class Held>
Held& unwrap(napi_env env, napi_value object, const napi_type_tag& tag) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, object, &tag, &tagged) != napi_ok || !tagged || napi_unwrap(env, object, &data) != napi_ok) {
    throw ArgumentError("native: an argument is not the handle it should be.");
  }
  return *static_cast<Held*>(data);
}

std::vector<napi_value> arguments(napi_env env, napi_callback_info info, std::size_t count) {
  std::vector<napi_value> values(count);
  std::size_t given = count;
  check(env, napi_get_cb_info(env, info, &given, values.data(), nullptr, nullptr));
  if (given < count) throw ArgumentError("native: too few arguments.");
  return values;
}

/** A function for JavaScript whose exceptions become JavaScript errors. */
template <napi_value (*Body)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return Body(env, info);
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "SCONCE_OUT_OF_MEMORY", "native: out of memory.");
  } catch (const ArgumentError& error) {
    napi_throw_error(env, "SCONCE_ARGUMENT", error.what());
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

Device& device_of(napi_env env, napi_value value) { return unwrap<Device>(env, value, kDeviceTag); }

/** Runs on the JavaScript thread: settles one promise. */
void settle(napi_env env, napi_value, void*, void* data) {
  const std::unique_ptr<Settlement> settlement(static_cast<Settlement*>(data));
  if (env == nullptr) return;
  Device& device = *settlement->device;
  if (--device.pending == 0) napi_unref_threadsafe_function(env, device.settle);
  if (!settlement->error.empty()) {
    napi_value message = nullptr;
    napi_value error = nullptr;
    napi_create_string_utf8(env, settlement->error.data(), settlement->error.size(), &message);
    napi_create_error(env, nullptr, message, &error);
    napi_reject_deferred(env, settlement->deferred, error);
    return;
  }
  napi_value result = nullptr;
  if (settlement->reads) {
    void* data_out = nullptr;
    napi_create_arraybuffer(env, settlement->bytes.size(), &data_out, &result);
    if (!settlement->bytes.empty()) std::memcpy(data_out, settlement->bytes.data(), settlement->bytes.size());
  } else {
    napi_get_undefined(env, &result);
  }
  napi_resolve_deferred(env, settlement->deferred, result);
}

/** A promise that settles once everything submitted has run; `before` runs on the executor just ahead of it. */
napi_value promise(napi_env env, Device& device, bool reads, std::function<void(Settlement&)> before) {
  auto settlement = std::make_unique<Settlement>();
  settlement->device = &device;
  settlement->reads = reads;
  napi_value result = nullptr;
  check(env, napi_create_promise(env, &settlement->deferred, &result));
  if (device.pending++ == 0) check(env, napi_ref_threadsafe_function(env, device.settle));
  Settlement* raw = settlement.release();
  device.executor.submit([raw, before = std::move(before)] {
    raw->error = raw->device->executor.take_error();
    if (raw->error.empty()) before(*raw);
    napi_call_threadsafe_function(raw->device->settle, raw, napi_tsfn_blocking);
  });
  return result;
}

// open(threads) -> device
napi_value open(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 1);
  const double threads = number_of(env, values[0]);
  if (!(threads >= 1 && threads <= 1024)) throw ArgumentError("native: threads must be from 1 to 1024.");
  auto device = std::make_unique<Device>(static_cast<int>(threads));
  napi_value name = nullptr;
  check(env, napi_create_string_utf8(env, "sconce", NAPI_AUTO_LENGTH, &name));
  check(env, napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, settle, &device->settle));
  check(env, napi_unref_threadsafe_function(env, device->settle));
  return wrap(env, device.release(), kDeviceTag);
}

// allocate(device, bytes) -> number
napi_value allocate(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 2);
  napi_value result = nullptr;
  check(env, napi_create_int32(env, device_of(env, values[0]).buffers.allocate(size_of(env, values[1])), &result));
  return result;
}

// release(device, number): the memory is freed once the work submitted so far is done.
napi_value release(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 2);
  Device& device = device_of(env, values[0]);
  const Range entry = device.buffers.release(static_cast<std::int32_t>(number_of(env, values[1])));
  device.executor.submit([entry] { free_bytes(entry.pointer, entry.bytes); });
  return nullptr;
}

// write(device, number, Uint8Array)
napi_value write(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = device_of(env, values[0]);
  const auto source = typed_array<char>(env, values[2], napi_uint8_array);
  const std::int32_t number = static_cast<std::int32_t>(number_of(env, values[1]));
  void* target = device.buffers.at(number, source.count).pointer;
  device.buffers.written(number);
  device.executor.drain();
  if (source.count > 0) std::memcpy(target, source.items, source.count);
  return nullptr;
}

// readSync(device, number, bytes) -> ArrayBuffer
napi_value read_sync(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = device_of(env, values[0]);
  const std::size_t bytes = size_of(env, values[2]);
  const void* source = device.buffers.at(static_cast<std::int32_t>(number_of(env, values[1])), bytes).pointer;
  device.executor.drain();
  napi_value result = nullptr;
  void* target = nullptr;
  check(env, napi_create_arraybuffer(env, bytes, &target, &result));
  if (bytes > 0) std::memcpy(target, source, bytes);
  return result;
}

// read(device, number, bytes) -> Promise<ArrayBuffer>
napi_value read(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = device_of(env, values[0]);
  const std::size_t bytes = size_of(env, values[2]);
  const char* source = static_cast<const char*>(device.buffers.at(static_cast<std::int32_t>(number_of(env, values[1])), bytes).pointer);
  return promise(env, device, true, [source, bytes](Settlement& settlement) { settlement.bytes.assign(source, source + bytes); });
}

// finish(device) -> Promise<void>
napi_value finish(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 1);
  return promise(env, device_of(env, values[0]), false, [](Settlement&) {});
}

// kernel(name, Float64Array) -> kernel, or undefined when there is none of that name
napi_value kernel(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 2);
  char name[64];
  std::size_t length = 0;
  check(env, napi_get_value_string_utf8(env, values[0], name, sizeof name, &length));
  const auto numbers = typed_array<double>(env, values[1], napi_float64_array);
  Reader reader(numbers.items, numbers.count, name);
  KernelPointer made = make_kernel(name, reader);
  napi_value result = nullptr;
  if (!made) {
    check(env, napi_get_undefined(env, &result));
    return result;
  }
  return wrap(env, new KernelPointer(std::move(made)), kKernelTag);
}

// program(kernel[]) -> program
napi_value program(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 1);
  std::uint32_t count = 0;
  check(env, napi_get_array_length(env, values[0], &count));
  auto made = std::make_unique<Program>();
  for (std::uint32_t i = 0; i < count; i++) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, values[0], i, &element));
    const KernelPointer& pointer = unwrap<KernelPointer>(env, element, kKernelTag);
    made->kernels.push_back(pointer);
    made->buffers += pointer->bytes().size();
    made->scratch_bytes = std::max(made->scratch_bytes, pointer->scratch_bytes());
  }
  return wrap(env, new std::shared_ptr<const Program>(made.release()), kProgramTag);
}

// run(device, program, Int32Array): the numbers of every kernel's buffers, inputs first, one kernel after the other.
napi_value run(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = device_of(env, values[0]);
  const auto made = unwrap<std::shared_ptr<const Program>>(env, values[1], kProgramTag);
  const auto handles = typed_array<std::int32_t>(env, values[2], napi_int32_array);
  if (handles.count != made->buffers) {
    throw ArgumentError("native: a program of " + std::to_string(made->buffers) + " buffers was given " + std::to_string(handles.count) + ".");
  }
  std::vector<Range> ranges;
  ranges.reserve(handles.count);
  for (const auto& kernel : made->kernels) {
    const std::size_t first = ranges.size();
    for (const std::size_t bytes : kernel->bytes()) ranges.push_back(device.buffers.at(handles.items[ranges.size()], bytes));
    for (std::size_t i = first + kernel->inputs(); i < ranges.size(); i++) device.buffers.written(handles.items[i]);
  }
  device.executor.submit([&device, made, ranges = std::move(ranges)] {
    void* scratch = device.executor.scratch(made->scratch_bytes);
    const Range* next = ranges.data();
    for (const auto& kernel : made->kernels) {
      kernel->run(next, scratch);
      next += kernel->bytes().size();
    }
  });
  return nullptr;
}

napi_value initialize(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"open", nullptr, guarded<open>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"allocate", nullptr, guarded<allocate>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"release", nullptr, guarded<release>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"write", nullptr, guarded<write>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"read", nullptr, guarded<read>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"readSync", nullptr, guarded<read_sync>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"finish", nullptr, guarded<finish>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"kernel", nullptr, guarded<kernel>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"program", nullptr, guarded<program>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"run", nullptr, guarded<run>, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions);
  return exports;
}

}  // namespace
}  // namespace sconce

NAPI_MODULE_INIT() { return sconce::initialize(env, exports); }
