// SPDX-License-Identifier: Apache-2.0
// A running Server for tests, with two members that are played on the same loop.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "proxy/server/server.h"
#include "tests/proxy/server/toy_backend.h"

namespace understudy {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

// A server with worker threads of its own; members and clients live on the test's loop, which is
// also the server's main loop.
class Running : public ::testing::Test {
 protected:
  Running() {
    std::string pattern = ::testing::TempDir() + "server-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    loop_ = *EventLoop::open();
    a_ = std::make_unique<ToyBackend>(*loop_, "a");
    b_ = std::make_unique<ToyBackend>(*loop_, "b");
  }
  ~Running() override {
    stop();
    std::filesystem::remove_all(directory_);
  }

  std::string location(const std::string& members) const {
    return "<Location \"/\">\nSetHandler understudy-handler\nBackendCluster " + members +
           "\nDynamicServerList Off\n</Location>\n";
  }
  std::string text(const std::string& global = "") const {
    return "Workers 2\nListen 127.0.0.1:0\n" + global +
           location(a_->address() + "," + b_->address());
  }
  std::shared_ptr<const config::Config> load(const std::string& text) const {
    const config::Loaded loaded = config::load_text(directory_ + "/test.conf", text);
    EXPECT_TRUE(loaded) << loaded.diagnostics;
    return loaded.config;
  }
  void open(const std::string& configuration) {
    auto opened = Server::open(*loop_, {.config = load(configuration),
                                        .config_path = "test.conf",
                                        .load = [this] { return reloaded_; }});
    ASSERT_TRUE(opened) << opened.error().detail;
    server_ = *std::move(opened);
    server_->start();
    running_ = true;
  }
  void stop() {
    if (!running_) return;
    server_->stop();
    loop_->run();
    running_ = false;
  }
  bool until(const std::function<bool()>& done) {
    const TimePoint end = SystemClock().now() + 20s;
    while (!done()) {
      if (SystemClock().now() > end) return false;
      loop_->run_once(1ms);
    }
    return true;
  }
  std::string get(const std::string& path) {
    ToyClient client(server_->addresses()[0]);
    client.say("GET " + path + " HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
    until([&] {
      client.turn();
      return client.has_ended();
    });
    return client.heard();
  }
  ServerStatus status() {
    std::optional<ServerStatus> answer;
    server_->status([&](ServerStatus status) { answer = std::move(status); });
    until([&] { return answer.has_value(); });
    return answer.value_or(ServerStatus{});
  }
  static std::string file(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }

  std::string directory_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ToyBackend> a_;
  std::unique_ptr<ToyBackend> b_;
  std::unique_ptr<Server> server_;
  Result<std::shared_ptr<const config::Config>> reloaded_ = Error{.detail = "nothing to load"};
  bool running_ = false;
};

}  // namespace understudy
