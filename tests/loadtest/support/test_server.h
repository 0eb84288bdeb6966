// SPDX-License-Identifier: Apache-2.0
// TestServer: a small server on the test's own loop, HTTP/1.1 or HTTP/2, with or without TLS, that
// counts what it sees. It answers /echo with the method and the body; /hold when release() says so;
// at /close it closes the connection. Everything else is 404.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/fd_watcher.h"
#include "base/socket.h"
#include "base/tls_server.h"

namespace understudy::loadtest {

class TestServer final : private FdWatcher::Handler {
 public:
  struct Options {
    bool is_http2 = false;
    std::shared_ptr<const TlsServer> tls = nullptr;  // outlives the server's streams
    uint32_t streams_max = 0;                        // SETTINGS; 0: nothing is said
    Address address = Address::loopback(0);
    std::map<std::string, std::string> pages = {};                // more that is there, by path
    std::map<std::string, std::vector<std::string>> series = {};  // the same, one after the other
  };
  TestServer(EventLoop& loop, const Options& options);
  ~TestServer() override;

  const Address& address() const { return address_; }
  void release();  // what is held

  size_t connections = 0;            // so far
  size_t in_series = 0;              // pages given
  size_t resumed = 0;                // of these, with a ticket
  size_t held = 0;                   // now
  size_t held_most = 0;              // on all connections
  size_t on_one_most = 0;            // on one
  std::vector<std::string> cookies;  // as they came

 private:
  friend class TestConnection;
  void on_ready(bool readable, bool writable) override;

  EventLoop& loop_;
  const Options options_;
  Fd listener_;
  Address address_;
  FdWatcher watcher_;
  std::vector<std::unique_ptr<class TestConnection>> open_;
};

}  // namespace understudy::loadtest
