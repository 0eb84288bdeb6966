// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/member_connections.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/socket.h"
#include "proxy/http/http1_parser.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

// Sends "GET / HTTP/1.1" as soon as it is connected, and notes what happens.
class Asker final : public Upstream::User {
 public:
  explicit Asker(HeadScratch& scratch) : scratch_(scratch) {}
  ~Asker() = default;

  void ask(Upstream& upstream) {
    this->upstream = &upstream;
    http::HeadProgress progress;
    http::RequestHead head;
    const http::HeadLimits limits;
    const auto parsed = http::parse_request_head(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", {.limits = limits, .fields = scratch_.request_fields},
        progress, head);
    ASSERT_EQ(parsed.progress, http::Progress::kComplete);
    scratch_.lines.clear();
    scratch_.dropped.clear();
    upstream.send_head(head, {.dropped = scratch_.dropped}, {.last = true});
  }

  void on_connected() override {
    connected = true;
    if (upstream) ask(*upstream);
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
  void on_upstream_failed(ErrorCode code, std::string_view) override {
    failed = code;
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
    options.address = local_address(listener);
    connections = std::make_unique<MemberConnections>(
        IoContext{.loop = *loop, .blocks = blocks, .scratch = *scratch, .closed = *closed},
        options);
  }

  bool run_until(const std::function<bool()>& done) {
    const SystemClock clock;
    const TimePoint end = clock.now() + std::chrono::seconds(10);
    while (!done()) {
      if (clock.now() > end) return false;
      loop->run_once(milliseconds(1));
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

TEST_F(Connections, OneThatServedIsKeptAndHoldsNoBuffer) {
  open();
  serve_one(0);
  EXPECT_EQ(connections->idle_count(), 1u);
  EXPECT_EQ(blocks.in_use(), 0u);
}

TEST_F(Connections, TheOneUsedLastIsUsedFirst) {
  open();
  Asker first(*scratch);
  Asker second(*scratch);
  first.upstream = *connections->connect(first);
  second.upstream = *connections->connect(second);
  ASSERT_TRUE(run_until([&] { return accepted_fds.size() == 2 && first.connected; }));
  Upstream* const last = second.upstream;
  say(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !first.upstream; }));
  say(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !second.upstream; }));
  Asker next(*scratch);
  Upstream* const taken = connections->take_idle(next);
  EXPECT_EQ(taken, last);
  EXPECT_TRUE(taken->was_reused());
  taken->release();
}

TEST_F(Connections, OneThatTheMemberClosesGoesAtOnce) {
  open();
  serve_one(0);
  accepted_fds.clear();
  EXPECT_TRUE(run_until([&] { return connections->open_count() == 0; }));
}

TEST_F(Connections, OneOnWhichTheMemberSpeaksUnaskedGoesAtOnce) {
  open();
  serve_one(0);
  say(0, "HTTP/1.1 200 OK\r\n");
  EXPECT_TRUE(run_until([&] { return connections->open_count() == 0; }));
}

TEST_F(Connections, OneThatIsIdleForTooLongIsClosed) {
  open({.idle_max = milliseconds(20)});
  serve_one(0);
  EXPECT_EQ(connections->idle_count(), 1u);
  EXPECT_TRUE(run_until([&] { return connections->open_count() == 0; }));
}

TEST_F(Connections, NoMoreAreKeptIdleThanTheLimit) {
  open({.idle_count_max = 1});
  serve_one(0);
  Asker busy(*scratch);
  Upstream* const taken = connections->take_idle(busy);
  ASSERT_NE(taken, nullptr);
  serve_one(1);
  EXPECT_EQ(connections->idle_count(), 1u);
  taken->release();
  EXPECT_EQ(connections->idle_count(), 1u);
}

TEST_F(Connections, NoMoreAreOpenedThanTheLimit) {
  open({.open_max = 2});
  Asker asker(*scratch);
  auto first = connections->connect(asker);
  auto second = connections->connect(asker);
  auto third = connections->connect(asker);
  ASSERT_TRUE(first.has_value() && second.has_value());
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code, ErrorCode::kUnavailable);
  (*first)->release();
  auto fourth = connections->connect(asker);
  ASSERT_TRUE(fourth.has_value());
  (*second)->release();
  (*fourth)->release();
}

TEST_F(Connections, KeepAliveOffKeepsNone) {
  open({.keep_alive = false});
  serve_one(0);
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, AMemberThatSaysCloseIsNotKept) {
  open();
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return asker.connected && accepted_fds.size() == 1; }));
  say(0, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !asker.upstream; }));
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, OneThatIsReleasedInTheMiddleIsClosed) {
  open();
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return asker.connected; }));
  asker.release();
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, ARetiredMemberKeepsNone) {
  open();
  serve_one(0);
  connections->retire();
  EXPECT_EQ(connections->open_count(), 0u);
  serve_one(1);
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, TheMembersSilenceAndEndAreTold) {
  open();
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return asker.connected && accepted_fds.size() == 1; }));
  accepted_fds.clear();
  ASSERT_TRUE(run_until([&] { return asker.failed.has_value(); }));
  EXPECT_TRUE(asker.failed == ErrorCode::kClosed || asker.failed == ErrorCode::kReset);
}

}  // namespace
}  // namespace understudy
