// SPDX-License-Identifier: Apache-2.0
// A blocking HTTP/1.1 client for tests: one connection, one request at a time, a bounded wait.
// Knows Content-Length and chunked bodies and nothing more.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "understudy/http.h"

namespace understudy {

struct HttpAnswer {
  int status = 0;
  std::vector<Header> headers;
  std::string body;

  std::string header(std::string_view name) const;  // any letter case; empty when absent
};

class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : port_(port) {}

  // Connects when there is no connection. Nothing when the peer breaks off or is silent for long.
  std::optional<HttpAnswer> ask(const std::string& method, const std::string& target,
                                const std::vector<Header>& headers = {},
                                const std::string& body = {});
  // For answers that come later.
  bool send(const std::string& method, const std::string& target,
            const std::vector<Header>& headers = {}, const std::string& body = {});
  std::optional<HttpAnswer> receive(bool without_body = false);
  void hang_up() { fd_.reset(); }
  // Keeps Set-Cookie lines and sends them.
  void keep_cookies() { keeps_cookies_ = true; }
  const std::vector<Header>& cookies() const { return cookies_; }

 private:
  bool connect();
  bool fill();
  std::optional<std::string> line();
  std::optional<std::string> exactly(std::size_t bytes);
  void keep(const HttpAnswer& answer);

  const std::uint16_t port_;
  Fd fd_;
  std::string buffer_;
  bool keeps_cookies_ = false;
  std::vector<Header> cookies_;
};

}  // namespace understudy
