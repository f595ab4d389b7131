// The addon's face to JavaScript: buffers by number, kernels and programs as handles, runs in the order they are asked for.
//
// Every argument is checked here or by the Reader; whatever is thrown becomes a JavaScript error.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "device.h"
#include "instruction_sets.h"
#include "kernel.h"
#include "primitives.h"
#include "reader.h"
#include "team.h"
#include "values.h"

namespace sconce {
namespace {

/** A kernel with the name that errors give it. */
struct NamedKernel {
  std::string name;
  KernelPointer kernel;
};

/** Kernels in order. */
struct Program {
  std::vector<NamedKernel> kernels;
  /** For every buffer of every kernel, how many bytes into the buffer that it is given. */
  std::vector<std::size_t> offsets;
  std::size_t scratch_bytes = 0;
};

// What handles hold. A kernel may keep weights that it packed, so it belongs to the one thread that runs it: its device's.
using DevicePointer = std::shared_ptr<Device>;
struct KernelHandle {
  DevicePointer device;
  NamedKernel kernel;
};
struct ProgramHandle {
  DevicePointer device;
  std::shared_ptr<const Program> program;
};
constexpr napi_type_tag kDeviceTag{0x53636f6e63650001, 0x6465766963650001};
constexpr napi_type_tag kKernelTag{0x53636f6e63650002, 0x6b65726e656c0002};
constexpr napi_type_tag kProgramTag{0x53636f6e63650003, 0x70726f6772616d03};

/** Programs that may wait before `run` does. */
constexpr std::size_t kMostWaiting = 64;
/** Bytes of writes that are copied aside while their buffer is in use; more waits for the buffer. */
constexpr std::size_t kMostStaged = std::size_t{64} << 20;

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
  } catch (...) {
    napi_throw_error(env, nullptr, "native: an unknown failure.");
  }
  return nullptr;
}

const DevicePointer& device_of(napi_env env, napi_value value) {
  const DevicePointer& device = unwrap<DevicePointer>(env, value, kDeviceTag, "device");
  if (device->closed()) throw ArgumentError("native: this backend is closed; open another one with openNative().");
  return device;
}

std::size_t size_of(napi_env env, napi_value value) {
  return static_cast<std::size_t>(whole_number(env, value, "a number of bytes", 0, std::int64_t{1} << 48));
}

std::int32_t number_of(napi_env env, napi_value value) {
  return static_cast<std::int32_t>(whole_number(env, value, "the number of a buffer", -1, std::numeric_limits<std::int32_t>::max()));
}

void throw_error_of(Executor& executor) {
  const std::string error = executor.take_error();
  if (!error.empty()) throw std::runtime_error(error);
}

// open(threads) -> device
napi_value open(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 1);
  const int threads = static_cast<int>(whole_number(env, values[0], "threads", 1, 1024));
  // What the environment asks for in vain is told here.
  instruction_set();
  return wrap(env, std::make_unique<DevicePointer>(std::make_shared<Device>(env, threads)), kDeviceTag);
}

// close(device): ends the thread and frees the buffers; what waited is left out. Closing twice does nothing.
napi_value close(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 1);
  unwrap<DevicePointer>(env, values[0], kDeviceTag, "device")->close();
  return nullptr;
}

// allocate(device, bytes) -> number
napi_value allocate(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 2);
  Device& device = *device_of(env, values[0]);
  const std::size_t bytes = size_of(env, values[1]);
  napi_value result = nullptr;
  try {
    check(env, napi_create_int32(env, device.buffers().allocate(bytes), &result));
  } catch (const std::bad_alloc&) {
    const std::string message = "native: the system has no room for a buffer of " + std::to_string(bytes) + " bytes.";
    napi_throw_error(env, "SCONCE_OUT_OF_MEMORY", message.c_str());
  }
  return result;
}

// release(device, number): the memory is freed once the work submitted so far is done. A closed device has freed it already.
napi_value release(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 2);
  Device& device = *unwrap<DevicePointer>(env, values[0], kDeviceTag, "device");
  const std::int32_t number = number_of(env, values[1]);
  if (device.closed()) return nullptr;
  const Buffers::Entry entry = device.buffers().release(number);
  if (device.executor().finished(entry.last_use)) free_bytes(entry.range.pointer, entry.range.bytes);
  else device.executor().submit([entry] { free_bytes(entry.range.pointer, entry.range.bytes); });
  return nullptr;
}

// write(device, number, Uint8Array): at once where no submitted work uses the buffer, otherwise from a copy in its turn.
napi_value write(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = *device_of(env, values[0]);
  Executor& executor = device.executor();
  const auto source = typed_array<char>(env, values[2], napi_uint8_array);
  const std::int32_t number = number_of(env, values[1]);
  const Buffers::Entry entry = device.buffers().at(number, source.count);
  device.buffers().written(number);
  if (source.count == 0) return nullptr;
  if (source.count > kMostStaged) executor.wait(entry.last_use);
  if (executor.finished(entry.last_use)) {
    std::memcpy(entry.range.pointer, source.items, source.count);
    return nullptr;
  }
  executor.wait_for_room(kMostWaiting);
  const auto copy = std::make_shared<const std::vector<char>>(source.items, source.items + source.count);
  const std::uint64_t task = executor.submit([target = entry.range.pointer, copy] { std::memcpy(target, copy->data(), copy->size()); });
  device.buffers().used(number, task);
  return nullptr;
}

/** An ArrayBuffer, and where its bytes are. */
napi_value array_buffer(napi_env env, std::size_t bytes, void** target) {
  napi_value result = nullptr;
  check(env, napi_create_arraybuffer(env, bytes, target, &result));
  if (bytes > 0 && *target == nullptr) throw std::bad_alloc();
  return result;
}

// readSync(device, number, bytes) -> ArrayBuffer
napi_value read_sync(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = *device_of(env, values[0]);
  const std::size_t bytes = size_of(env, values[2]);
  const Buffers::Entry entry = device.buffers().at(number_of(env, values[1]), bytes);
  void* target = nullptr;
  const napi_value result = array_buffer(env, bytes, &target);
  device.executor().wait(entry.last_use);
  throw_error_of(device.executor());
  if (bytes > 0) std::memcpy(target, entry.range.pointer, bytes);
  return result;
}

// read(device, number, bytes) -> Promise<ArrayBuffer>
napi_value read(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  Device& device = *device_of(env, values[0]);
  const std::size_t bytes = size_of(env, values[2]);
  const void* source = device.buffers().at(number_of(env, values[1]), bytes).range.pointer;
  void* target = nullptr;
  const napi_value result = array_buffer(env, bytes, &target);
  return device.promise(env, values[0], result, [source, target, bytes] {
    if (bytes > 0) std::memcpy(target, source, bytes);
  });
}

// finish(device) -> Promise<void>
napi_value finish(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 1);
  return device_of(env, values[0])->promise(env, values[0], nullptr, [] {});
}

// kernel(device, name, Float64Array) -> kernel, or undefined when there is none of that name
napi_value kernel(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  const DevicePointer& device = device_of(env, values[0]);
  char name[64];
  std::size_t length = 0;
  check(env, napi_get_value_string_utf8(env, values[1], name, sizeof name, &length));
  const auto numbers = typed_array<double>(env, values[2], napi_float64_array);
  Reader reader(numbers.items, numbers.count, name);
  KernelPointer made;
  try {
    made = make_kernel(name, reader);
  } catch (const ArgumentError&) {
    throw;
  } catch (const std::exception& error) {
    throw ArgumentError("native: " + std::string(name) + " cannot be made: " + error.what() + ".");
  }
  napi_value result = nullptr;
  if (!made) {
    check(env, napi_get_undefined(env, &result));
    return result;
  }
  return wrap(env, std::make_unique<KernelHandle>(KernelHandle{device, {name, std::move(made)}}), kKernelTag);
}

/** The numbers of `value`, which are whole cache lines in bytes; none of them are given where it is undefined. */
std::vector<std::size_t> offsets_of(napi_env env, napi_value value, std::size_t count) {
  std::vector<std::size_t> offsets(count, 0);
  napi_valuetype type{};
  check(env, napi_typeof(env, value, &type));
  if (type == napi_undefined) return offsets;
  const auto given = typed_array<double>(env, value, napi_float64_array);
  if (given.count != count) {
    throw ArgumentError("native: a program of " + std::to_string(count) + " buffers was given " + std::to_string(given.count) + " offsets.");
  }
  for (std::size_t i = 0; i < count; i++) {
    const double offset = given.items[i];
    if (!(offset >= 0 && offset <= static_cast<double>(kMostElements)) || std::fmod(offset, kAlignment) != 0) {
      throw ArgumentError("native: a buffer was given an offset of " + std::to_string(offset) + " bytes, not one of whole cache lines.");
    }
    offsets[i] = static_cast<std::size_t>(offset);
  }
  return offsets;
}

// program(device, kernel[], Float64Array | undefined) -> program; the numbers are the offsets of every kernel's buffers, inputs first.
napi_value program(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3, 1);
  const DevicePointer& device = device_of(env, values[0]);
  std::uint32_t count = 0;
  check(env, napi_get_array_length(env, values[1], &count));
  auto made = std::make_shared<Program>();
  std::size_t buffers = 0;
  for (std::uint32_t i = 0; i < count; i++) {
    napi_value element = nullptr;
    check(env, napi_get_element(env, values[1], i, &element));
    const KernelHandle& handle = unwrap<KernelHandle>(env, element, kKernelTag, "kernel");
    if (handle.device != device) throw ArgumentError("native: a kernel was made for another backend than the program.");
    made->kernels.push_back(handle.kernel);
    buffers += handle.kernel.kernel->bytes().size();
    made->scratch_bytes = std::max(made->scratch_bytes, handle.kernel.kernel->scratch_bytes());
  }
  made->offsets = offsets_of(env, values[2], buffers);
  return wrap(env, std::make_unique<ProgramHandle>(ProgramHandle{device, std::move(made)}), kProgramTag);
}

void run_kernels(const Program& program, const Range* buffers, Executor& executor) {
  const char* at = "its scratch memory";
  try {
    void* scratch = executor.scratch(program.scratch_bytes);
    const auto run_while = [&](std::size_t& number, bool calls_library) {
      for (; number < program.kernels.size() && program.kernels[number].kernel->calls_library() == calls_library; number++) {
        if (executor.stopping()) return;
        at = program.kernels[number].name.c_str();
        program.kernels[number].kernel->run(buffers, scratch);
        buffers += program.kernels[number].kernel->bytes().size();
      }
    };
    for (std::size_t number = 0; number < program.kernels.size() && !executor.stopping();) {
      run_while(number, true);
      if (number < program.kernels.size()) with_team([&] { run_while(number, false); });
    }
  } catch (const std::bad_alloc&) {
    throw std::runtime_error("native: a program ran out of memory at " + std::string(at) + ", which needs up to " +
                             std::to_string(program.scratch_bytes) + " bytes besides its buffers.");
  } catch (const std::exception& error) {
    throw std::runtime_error("native: a program failed at " + std::string(at) + ": " + error.what());
  }
}

// run(device, program, Int32Array): the numbers of every kernel's buffers, inputs first, one kernel after the other.
napi_value run(napi_env env, napi_callback_info info) {
  const auto values = arguments(env, info, 3);
  const DevicePointer& device = device_of(env, values[0]);
  const ProgramHandle& handle = unwrap<ProgramHandle>(env, values[1], kProgramTag, "program");
  if (handle.device != device) throw ArgumentError("native: a program was made for another backend.");
  const std::shared_ptr<const Program> made = handle.program;
  const auto numbers = typed_array<std::int32_t>(env, values[2], napi_int32_array);
  if (numbers.count != made->offsets.size()) {
    throw ArgumentError("native: a program of " + std::to_string(made->offsets.size()) + " buffers was given " + std::to_string(numbers.count) + ".");
  }
  Buffers& buffers = device->buffers();
  std::vector<Range> ranges;
  ranges.reserve(numbers.count);
  std::vector<std::uint64_t> origin;
  for (const auto& [name, kernel] : made->kernels) {
    const std::size_t first = ranges.size();
    for (const std::size_t bytes : kernel->bytes()) {
      const std::size_t offset = made->offsets[ranges.size()];
      Range range = buffers.at(numbers.items[ranges.size()], offset + bytes).range;
      range.pointer = static_cast<char*>(range.pointer) + offset;
      range.bytes -= offset;
      ranges.push_back(range);
    }
    const std::size_t outputs = first + kernel->inputs();
    origin.clear();
    if (kernel->keeps() != 0) {
      origin.assign({kernel->keeps(), 0});
      for (std::size_t i = first; i < outputs; i++) origin.push_back(ranges[i].version);
    }
    for (std::size_t i = outputs; i < ranges.size(); i++) {
      if (!origin.empty()) origin[1] = i - outputs;
      ranges[i].version = origin.empty() ? buffers.written(numbers.items[i]) : buffers.written_from(numbers.items[i], origin);
    }
  }
  Executor& executor = device->executor();
  executor.wait_for_room(kMostWaiting);
  const std::uint64_t task = executor.submit([&executor, made, ranges = std::move(ranges)] { run_kernels(*made, ranges.data(), executor); });
  for (std::size_t i = 0; i < numbers.count; i++) buffers.used(numbers.items[i], task);
  return nullptr;
}

template <napi_value (*Body)(napi_env, napi_callback_info)>
napi_property_descriptor method(const char* name) {
  return {name, nullptr, guarded<Body>, nullptr, nullptr, nullptr, napi_enumerable, nullptr};
}

// hasBfloat16() -> boolean
napi_value report_bfloat16(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  check(env, napi_get_boolean(env, has_bfloat16(), &result));
  return result;
}

// instructionSet() -> string
napi_value report_instruction_set(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  check(env, napi_create_string_utf8(env, name_of(instruction_set()), NAPI_AUTO_LENGTH, &result));
  return result;
}

napi_value initialize(napi_env env, napi_value exports) {
  const napi_property_descriptor methods[] = {
      method<open>("open"),   method<close>("close"),        method<allocate>("allocate"), method<release>("release"), method<write>("write"), method<read>("read"),
      method<read_sync>("readSync"), method<finish>("finish"), method<kernel>("kernel"), method<program>("program"), method<run>("run"),
      method<report_bfloat16>("hasBfloat16"), method<report_instruction_set>("instructionSet"),
  };
  napi_define_properties(env, exports, sizeof methods / sizeof *methods, methods);
  return exports;
}

}  // namespace
}  // namespace sconce

NAPI_MODULE_INIT() { return sconce::initialize(env, exports); }
