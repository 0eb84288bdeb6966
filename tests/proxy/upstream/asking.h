// SPDX-License-Identifier: Apache-2.0
// For the tests of proxy/upstream: somebody who asks a member, the connections to it on a loop that
// the test turns, and the member's end of them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/socket.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {

// Sends "GET / HTTP/1.1" as soon as it is connected, and notes what happens.
class Asker final : public Upstream::User {
 public:
  explicit Asker(HeadScratch& scratch) : scratch_(scratch) {}
  ~Asker() = default;

  void ask(Upstream& connection) {
    upstream = &connection;
    http::HeadProgress progress;
    http::RequestHead head;
    const http::HeadLimits limits;
    const auto parsed = http::parse_request_head(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", {.limits = limits, .fields = scratch_.request_fields},
        progress, head);
    ASSERT_EQ(parsed.progress, http::Progress::kComplete);
    scratch_.lines.clear();
    scratch_.dropped.clear();
    upstream->send_head(head, {.dropped = scratch_.dropped}, {.last = true});
  }

  void on_connected(Upstream& connection) override {
    connected = true;
    ask(connection);
  }
  void on_interim_response(const http::ResponseHead&) override {}
  void on_response_head(const http::ResponseHead& head) override {
    status = head.status;
    const BodyBytes body = upstream->body(BodyForm::kPayload);
    text = body.bytes;
    upstream->consume_body(body.bytes.size());
    if (body.last) release();
  }
  void on_response_body() override {}
  void on_upstream_writable() override {}
  void on_upstream_failed(ErrorCode code, std::string_view detail) override {
    failed = code;
    why = detail;
    release();
  }
  void release() {
    upstream->release();
    upstream = nullptr;
  }

  Upstream* upstream = nullptr;
  bool connected = false;
  unsigned status = 0;
  std::string text;
  std::optional<ErrorCode> failed;
  std::string why;

 private:
  HeadScratch& scratch_;
};

class Connections : public testing::Test {
 protected:
  Connections() {
    auto opened = EventLoop::open();
    loop = std::move(*opened);
    scratch = std::make_unique<HeadScratch>();
    closed = std::make_unique<ClosedList>(*loop);
    auto listening = listen_tcp(Address::loopback(0), {});
    listener = std::move(*listening);
  }
  ~Connections() override {
    connections.reset();
    closed->clear();
  }

  void open(MemberConnections::Options options = {}) {
    options.label = "m";
    if (!options.address.is_set()) options.address = local_address(listener);
    connections = std::make_unique<MemberConnections>(
        IoContext{.loop = *loop, .blocks = blocks, .scratch = *scratch, .closed = *closed},
        options);
  }

  bool run_until(const std::function<bool()>& done) {
    const SystemClock clock;
    const TimePoint end = clock.now() + std::chrono::seconds(10);
    while (!done()) {
      if (clock.now() > end) return false;
      loop->run_once(std::chrono::milliseconds(1));
      for (;;) {
        auto accepted = accept_tcp(listener);
        if (!accepted || !accepted->fd) break;
        accepted_fds.push_back(std::move(accepted->fd));
      }
    }
    return true;
  }

  void say(std::size_t index, std::string_view text) {
    ASSERT_EQ(::write(accepted_fds[index].value(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
  }

  // One whole exchange on a fresh connection, which is idle afterwards.
  void serve_one(std::size_t index) {
    Asker asker(*scratch);
    auto upstream = connections->connect(asker);
    ASSERT_TRUE(upstream.has_value());
    asker.upstream = *upstream;
    ASSERT_TRUE(run_until([&] { return asker.connected && accepted_fds.size() > index; }));
    say(index, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_TRUE(run_until([&] { return asker.upstream == nullptr; }));
    EXPECT_EQ(asker.text, "ok");
  }

  std::unique_ptr<EventLoop> loop;
  BlockPool blocks;
  std::unique_ptr<HeadScratch> scratch;
  std::unique_ptr<ClosedList> closed;
  Fd listener;
  std::vector<Fd> accepted_fds;
  std::unique_ptr<MemberConnections> connections;
};

}  // namespace understudy
