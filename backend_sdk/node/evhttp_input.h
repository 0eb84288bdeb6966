// SPDX-License-Identifier: Apache-2.0
// EvhttpInput: what a request of an evhttp server says, read once: its line, headers, body and form
// fields. Views into evhttp's request and into this; both live as long as the exchange, which owns
// it. Loop thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/node/form.h"
#include "understudy/http.h"

struct evhttp_request;

namespace understudy {

class EvhttpInput final {
 public:
  explicit EvhttpInput(evhttp_request* raw);
  EvhttpInput(const EvhttpInput&) = delete;

  std::string_view method() const { return method_; }
  std::string_view target() const { return target_; }
  std::string_view path() const { return path_; }
  std::string_view client() const { return client_; }
  std::string_view header(std::string_view name) const;
  RequestView view() const;
  std::string_view body();
  std::optional<std::string> field(std::string_view name);

 private:
  evhttp_request* const raw_;
  std::string method_;
  std::string target_;
  std::string path_;
  std::string client_;
  std::vector<HeaderView> headers_;  // views into raw_
  std::optional<std::string> body_;
  std::optional<std::vector<FormEntry>> fields_;
};

}  // namespace understudy
