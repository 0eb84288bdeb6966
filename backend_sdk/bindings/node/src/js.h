// SPDX-License-Identifier: Apache-2.0
// Values between JavaScript and understudy.h: texts, bytes, headers, errors. Each function leaves a
// pending exception when JavaScript gave what it cannot be; no C++ exception leaves the addon. The
// loop's thread.
#pragma once

#include <node_api.h>

#include <string>
#include <vector>

#include "understudy/understudy.h"

namespace understudy_js {

inline constexpr std::size_t kMessageBytes = 4096;

// The arguments of a call, at most kMax; the missing ones are undefined.
class Arguments final {
 public:
  static constexpr std::size_t kMax = 6;
  Arguments(napi_env env, napi_callback_info info);
  napi_value operator[](std::size_t index) const { return values_[index]; }
  napi_value self() const { return self_; }

 private:
  napi_value values_[kMax] = {};
  napi_value self_ = nullptr;
};

// UTF-8 of a string, or the bytes of a Buffer or Uint8Array.
std::string bytes_of(napi_env env, napi_value value);
bool bool_of(napi_env env, napi_value value);
int int_of(napi_env env, napi_value value);

napi_value undefined(napi_env env);
napi_value to_js(napi_env env, const std::string& text);
napi_value to_js(napi_env env, bool value);
napi_value to_js(napi_env env, double value);
napi_value to_buffer(napi_env env, understudy_text bytes);
understudy_text text_of(const std::string& bytes);
void set(napi_env env, napi_value object, const char* name, napi_value value);
// name, value, name, value ... of a reply.
napi_value headers_to_js(napi_env env, const understudy_reply* reply);
// {status, headers, body, note}; frees the reply.
napi_value take_reply(napi_env env, understudy_reply* reply);

// A request of (method, target, [name, value, ...], is_tls, is_exclusive), which keeps its bytes.
class Request final {
 public:
  Request(napi_env env, const Arguments& arguments);
  Request(const Request&) = delete;
  const understudy_request* get() const { return &request_; }

 private:
  std::string method_;
  std::string target_;
  std::vector<std::string> lines_;
  std::vector<understudy_header> headers_;
  understudy_request request_{};
};

// [name, value, ...] of JavaScript.
std::vector<std::string> lines_of(napi_env env, napi_value array);
std::vector<understudy_header> headers_of(const std::vector<std::string>& lines);

// An Error with `code`, "UNDERSTUDY_CLOSED" for example.
napi_value error_of(napi_env env, understudy_code code, const std::string& message);
// Throws it; nullptr, for `return`.
napi_value fail(napi_env env, understudy_code code, const std::string& message = "");

}  // namespace understudy_js
