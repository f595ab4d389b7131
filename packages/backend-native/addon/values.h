// JavaScript values as C++ ones, checked; and C++ objects as JavaScript handles.
#pragma once

#define NAPI_VERSION 8
#include <node_api.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernel.h"

namespace sconce {

/** Throws ArgumentError where a call into Node failed. */
inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw ArgumentError(std::string("native: ") + (info && info->error_message ? info->error_message : "a call was refused") + ".");
}

/** The first `count` arguments of a call; more are ignored. */
inline std::vector<napi_value> arguments(napi_env env, napi_callback_info info, std::size_t count, std::size_t optional = 0) {
  std::vector<napi_value> values(count);
  std::size_t given = count;
  check(env, napi_get_cb_info(env, info, &given, values.data(), nullptr, nullptr));
  if (given + optional < count) throw ArgumentError("native: " + std::to_string(count - optional) + " arguments are needed, " + std::to_string(given) + " were given.");
  return values;
}

/** A whole number in [low, high]. */
inline std::int64_t whole_number(napi_env env, napi_value value, const char* what, std::int64_t low, std::int64_t high) {
  double number = 0;
  const napi_status status = napi_get_value_double(env, value, &number);
  const bool fits = status == napi_ok && number >= static_cast<double>(low) && number <= static_cast<double>(high) && number == std::floor(number);
  if (!fits) {
    throw ArgumentError(std::string("native: ") + what + " must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                        (status == napi_ok ? ", not " + std::to_string(number) : "") + ".");
  }
  return static_cast<std::int64_t>(number);
}

template <class Item>
struct Span {
  Item* items;
  std::size_t count;
};

/** The elements of a typed array of the expected kind. */
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

/** An object that owns `held` until it is collected; its tag keeps one kind of handle from passing for another. */
template <class Held>
napi_value wrap(napi_env env, std::unique_ptr<Held> held, const napi_type_tag& tag) {
  napi_value object = nullptr;
  check(env, napi_create_object(env, &object));
  check(env, napi_type_tag_object(env, object, &tag));
  check(env, napi_wrap(env, object, held.get(), [](napi_env, void* data, void*) { delete static_cast<Held*>(data); }, nullptr, nullptr));
  held.release();
  return object;
}

template <class Held>
Held& unwrap(napi_env env, napi_value object, const napi_type_tag& tag, const char* what) {
  bool tagged = false;
  void* data = nullptr;
  if (napi_check_object_type_tag(env, object, &tag, &tagged) != napi_ok || !tagged || napi_unwrap(env, object, &data) != napi_ok) {
    throw ArgumentError(std::string("native: an argument is not the ") + what + " it should be.");
  }
  return *static_cast<Held*>(data);
}

}  // namespace sconce
