// SPDX-License-Identifier: Apache-2.0
// TestConnection: one connection of a TestServer, whatever is spoken on it.
#pragma once

#include <memory>
#include <string>

#include "base/stream.h"
#include "tests/loadtest/support/test_server.h"

namespace understudy::loadtest {

class TestConnection : public FdWatcher::Handler {
 public:
  TestConnection(TestServer& server, std::unique_ptr<Stream> stream);
  ~TestConnection() override = default;

  virtual void release() = 0;

 protected:
  struct Answer {
    int status = 404;
    std::string body;
    bool is_held = false;
    bool is_close = false;
  };
  virtual void feed(std::string_view bytes) = 0;
  // More to write, if there is.
  virtual void fill(std::string& out) = 0;

  Answer answer(const std::string& method, const std::string& path, const std::string& cookie,
                const std::string& body);
  void write();
  void close();
  void hold(size_t on_this);
  TestServer& server() { return server_; }
  bool is_closed() const { return !stream_; }

 private:
  void on_ready(bool readable, bool writable) override;

  TestServer& server_;
  std::unique_ptr<Stream> stream_;
  FdWatcher watcher_;
  std::string out_;
  bool is_greeted_ = false;
};

std::unique_ptr<TestConnection> make_http1_connection(TestServer& server,
                                                      std::unique_ptr<Stream> stream);
std::unique_ptr<TestConnection> make_http2_connection(TestServer& server,
                                                      std::unique_ptr<Stream> stream,
                                                      uint32_t streams_max);

}  // namespace understudy::loadtest
