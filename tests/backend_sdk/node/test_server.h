// SPDX-License-Identifier: Apache-2.0
// An evhttp server with its loop on a thread of its own, a Node beside it, and whatever handlers
// the test adds: what an application has.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "understudy/evhttp.h"

struct event_base;
struct evhttp;

namespace understudy {

class EvhttpDoor;

class TestServer {
 public:
  using AddHandlers = std::function<void(Node&, EvhttpServer&, event_base*)>;

  // `seed` as with test_options(); returns when the member sees `alive` members.
  TestServer(const std::string& name, const std::string& seed, std::size_t alive,
             const AddHandlers& add_handlers);
  ~TestServer();

  std::uint16_t port() const { return port_; }
  Node& node() { return *node_; }
  // Runs on the loop's thread and returns when it has.
  void on_loop(const std::function<void(EvhttpServer&)>& work);
  // As SIGTERM would.
  void shutdown();
  // As SIGKILL would: the ports refuse, and nobody is told.
  void kill();

 private:
  void end(bool with_leave);

  event_base* base_;
  evhttp* http_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Node> node_;
  std::unique_ptr<EvhttpServer> server_;
  std::shared_ptr<EvhttpDoor> door_;
  std::thread thread_;
};

}  // namespace understudy
