// SPDX-License-Identifier: Apache-2.0
#include "js.h"

#include <iterator>

namespace understudy_js {
namespace {

const char* name_of(understudy_code code) {
  static const char* const kNames[] = {
      "UNDERSTUDY_OK",     "UNDERSTUDY_CONFIGURATION", "UNDERSTUDY_KEY_FILE", "UNDERSTUDY_ADDRESS",
      "UNDERSTUDY_SYSTEM", "UNDERSTUDY_ARGUMENT",      "UNDERSTUDY_REFUSED",  "UNDERSTUDY_CLOSED",
      "UNDERSTUDY_FORKED", "UNDERSTUDY_NOT_READY"};
  const auto index = static_cast<std::size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNDERSTUDY_SYSTEM";
}

const char* text_of_code(understudy_code code) {
  switch (code) {
    case UNDERSTUDY_CLOSED:
      return "it was closed, finished or dropped before";
    case UNDERSTUDY_FORKED:
      return "this process was forked from the one that opened the node";
    case UNDERSTUDY_ARGUMENT:
      return "an argument is missing or out of range";
    default:
      return "the call has failed";
  }
}

}  // namespace

Arguments::Arguments(napi_env env, napi_callback_info info) {
  std::size_t count = kMax;
  napi_get_cb_info(env, info, &count, values_, &self_, nullptr);
}

std::string bytes_of(napi_env env, napi_value value) {
  bool is_typed_array = false;
  napi_is_typedarray(env, value, &is_typed_array);
  if (is_typed_array) {
    napi_typedarray_type type = napi_uint8_array;
    std::size_t size = 0;
    void* data = nullptr;
    napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr);
    if (type == napi_uint8_array) return {static_cast<const char*>(data), size};
  }
  std::size_t size = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) {
    napi_throw_type_error(env, "UNDERSTUDY_ARGUMENT", "a string or a Buffer is needed");
    return {};
  }
  std::string text(size, '\0');
  napi_get_value_string_utf8(env, value, text.data(), size + 1, &size);
  return text;
}

bool bool_of(napi_env env, napi_value value) {
  bool is_true = false;
  napi_value as_bool = nullptr;
  if (napi_coerce_to_bool(env, value, &as_bool) == napi_ok) {
    napi_get_value_bool(env, as_bool, &is_true);
  }
  return is_true;
}

int int_of(napi_env env, napi_value value) {
  int number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

napi_value undefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

napi_value to_js(napi_env env, const std::string& text) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}

napi_value to_js(napi_env env, bool value) {
  napi_value out = nullptr;
  napi_get_boolean(env, value, &out);
  return out;
}

napi_value to_js(napi_env env, double value) {
  napi_value out = nullptr;
  napi_create_double(env, value, &out);
  return out;
}

napi_value to_buffer(napi_env env, understudy_text bytes) {
  napi_value buffer = nullptr;
  napi_create_buffer_copy(env, bytes.size, bytes.data, nullptr, &buffer);
  return buffer;
}

understudy_text text_of(const std::string& bytes) {
  return {bytes.data(), bytes.size()};
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

napi_value headers_to_js(napi_env env, const understudy_reply* reply) {
  napi_value list = nullptr;
  napi_create_array(env, &list);
  understudy_header header{};
  for (std::uint32_t i = 0; understudy_reply_header(reply, i, &header) == 1; ++i) {
    for (std::uint32_t part = 0; part < 2; ++part) {
      const understudy_text text = part == 0 ? header.name : header.value;
      napi_value value = nullptr;
      napi_create_string_latin1(env, text.data, text.size, &value);
      napi_set_element(env, list, 2 * i + part, value);
    }
  }
  return list;
}

napi_value take_reply(napi_env env, understudy_reply* reply) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  set(env, object, "status", to_js(env, static_cast<double>(understudy_reply_status(reply))));
  set(env, object, "headers", headers_to_js(env, reply));
  set(env, object, "body", to_buffer(env, understudy_reply_body(reply)));
  set(env, object, "note", to_js(env, static_cast<double>(understudy_reply_note(reply))));
  understudy_reply_free(reply);
  return object;
}

std::vector<std::string> lines_of(napi_env env, napi_value array) {
  std::vector<std::string> lines;
  std::uint32_t count = 0;
  napi_get_array_length(env, array, &count);
  for (std::uint32_t i = 0; i < count; ++i) {
    napi_value each = nullptr;
    napi_get_element(env, array, i, &each);
    lines.push_back(bytes_of(env, each));
  }
  return lines;
}

std::vector<understudy_header> headers_of(const std::vector<std::string>& lines) {
  std::vector<understudy_header> headers;
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    headers.push_back({text_of(lines[i]), text_of(lines[i + 1])});
  }
  return headers;
}

Request::Request(napi_env env, const Arguments& arguments)
    : method_(bytes_of(env, arguments[0])),
      target_(bytes_of(env, arguments[1])),
      lines_(lines_of(env, arguments[2])),
      headers_(headers_of(lines_)) {
  request_.struct_size = sizeof request_;
  request_.method = text_of(method_);
  request_.target = text_of(target_);
  request_.headers = headers_.data();
  request_.header_count = headers_.size();
  request_.is_tls = bool_of(env, arguments[3]) ? 1 : 0;
  request_.is_exclusive = bool_of(env, arguments[4]) ? 1 : 0;
}

napi_value error_of(napi_env env, understudy_code code, const std::string& message) {
  napi_value error = nullptr;
  napi_create_error(env, to_js(env, std::string(name_of(code))),
                    to_js(env, message.empty() ? std::string(text_of_code(code)) : message),
                    &error);
  return error;
}

napi_value fail(napi_env env, understudy_code code, const std::string& message) {
  bool is_pending = false;
  napi_is_exception_pending(env, &is_pending);
  if (!is_pending) napi_throw(env, error_of(env, code, message));
  return nullptr;
}

}  // namespace understudy_js
