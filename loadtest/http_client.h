// SPDX-License-Identifier: Apache-2.0
// HttpClient: HTTP/1.1 requests to one address over kept-alive connections, without waiting: each
// answer comes to a callback. Cookies and retries are the caller's business; a request that fails
// is reported, never sent again. Loop thread only; not part of the proxy.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/event_loop.h"

namespace understudy::loadtest {

struct ClientResponse {
  int status = 0;  // 0: no whole answer arrived; `error` says why
  std::string error;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;

  // The first value of a header, by its lower-case name; empty when absent.
  std::string_view header(std::string_view name) const;
  // NAME=VALUE of the Set-Cookie for `name`; empty when it was not set.
  std::string set_cookie(std::string_view name) const;
};

class HttpClient final {
 public:
  struct Options {
    bool keep_alive = true;
    Duration timeout = std::chrono::seconds(30);
    size_t body_bytes_max = 64 << 20;
    size_t idle_max = 4096;
  };
  using Callback = std::function<void(ClientResponse)>;

  HttpClient(EventLoop& loop, Address server, const Options& options);
  HttpClient(EventLoop& loop, Address server);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;

  // `request`: the whole message as it goes to the wire. The callback comes in a later turn.
  void send(std::string request, Callback callback);
  size_t in_flight() const;

 private:
  class Connection;
  void on_finished(Connection& connection, bool reusable);

  EventLoop& loop_;
  const Address server_;
  const Options options_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
};

struct RequestLine {
  std::string_view method = "GET";
  std::string_view target = "/";
};
// A request with Host, the given header lines ("Name: value" each) and body.
std::string make_request(const RequestLine& line, const Address& host,
                         const std::vector<std::string>& header_lines = {},
                         std::string_view body = {});

}  // namespace understudy::loadtest
