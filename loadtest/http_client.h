// SPDX-License-Identifier: Apache-2.0
// HttpClient: HTTP/1.1 requests to one address over kept-alive connections, TCP or TLS, one at a
// time on each. What a client is: load_client.h. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "loadtest/client_dialer.h"
#include "loadtest/load_client.h"

namespace understudy::loadtest {

class HttpClient final : public LoadClient {
 public:
  using Options = ClientOptions;

  HttpClient(EventLoop& loop, Address server, const Options& options);
  HttpClient(EventLoop& loop, Address server);
  ~HttpClient() override;
  HttpClient(const HttpClient&) = delete;

  void request(const ClientRequest& request, Callback callback) override;
  // `request`: the whole message as it goes to the wire. The callback comes in a later turn.
  void send(std::string request, Callback callback);
  size_t in_flight() const;

 private:
  class Connection;
  void on_finished(Connection& connection, bool reusable);

  EventLoop& loop_;
  const Options options_;
  ClientDialer dialer_;
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
