// SPDX-License-Identifier: Apache-2.0
// Http2Client: many requests at once on each of a few HTTP/2 connections, as browsers and gateways
// send them: over TLS with ALPN, or in plain text by prior knowledge. nghttp2 is in the .cc only.
// What a client is: load_client.h. Loop thread only.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/event_loop.h"
#include "loadtest/client_dialer.h"
#include "loadtest/load_client.h"

namespace understudy::loadtest {

class Http2Client final : public LoadClient {
 public:
  // Requests that wait for a place; more fail at once.
  static constexpr size_t kWaitingMax = 1'000'000;

  Http2Client(EventLoop& loop, Address server, const ClientOptions& options);
  ~Http2Client() override;
  Http2Client(const Http2Client&) = delete;

  void request(const ClientRequest& request, Callback callback) override;
  size_t connections() const { return connections_.size(); }
  size_t waiting() const { return waiting_.size(); }

 private:
  class Connection;
  struct Waiting {
    ClientRequest request;
    Callback callback;
  };
  Result<Connection*> place();
  void on_closed(Connection& connection);
  void send_waiting();

  EventLoop& loop_;
  const ClientOptions options_;
  ClientDialer dialer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::deque<Waiting> waiting_;
  size_t turn_ = 0;
};

}  // namespace understudy::loadtest
