// SPDX-License-Identifier: Apache-2.0
// The network to a member is cut without a word while requests are under way: they are treated as
// those of a member that has died. A member that is only slow, or stops reading, keeps its own.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/tcp_path.h"
#include "tests/proxy/support/cut.h"
#include "tests/proxy/support/http2_member_site.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::seconds;

constexpr const char* kGet = "GET /r HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr const char* kPost = "POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";

TestProxy::Options options_with_two_members() {
  TestProxy::Options options{.members = 2};
  options.connections.unreachable_timeout = kProbingMin;
  return options;
}

// A client whose request was answered by the first member over a connection that is idle now.
Peer& client_of_the_first(TestProxy& proxy) {
  proxy.member(0).answer = [](std::string_view) { return ok("first"); };
  Peer& client = proxy.connect();
  client.send(kGet);
  EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.take().ends_with("first"));
  proxy.member(0).answer = nullptr;
  // Round robin would go on with the second.
  return client;
}

const char* kToTheFirst = "Cookie: JSESSIONID=x.m0\r\n\r\n";
std::string bound(std::string request) {
  return request.replace(request.find("\r\n\r\n") + 2, 2, kToTheFirst);
}

enum class CutWhen { kBeforeTheRequest, kWhileItWaits };

struct Row {
  CutWhen when;
  const char* request;
  bool session_replay;
  const char* status;
};

TEST(Unreachable, ARequestUnderWayIsTreatedLikeThatOfADeadMember) {
  constexpr Row kTable[] = {
      {CutWhen::kWhileItWaits, kGet, false, "200"},
      {CutWhen::kWhileItWaits, kPost, false, "502"},
      {CutWhen::kWhileItWaits, kPost, true, "200"},
      {CutWhen::kBeforeTheRequest, kGet, false, "200"},
      {CutWhen::kBeforeTheRequest, kPost, false, "502"},
      {CutWhen::kBeforeTheRequest, kPost, true, "200"},
  };
  for (const Row& row : kTable) {
    SCOPED_TRACE(std::string(row.request) + (row.session_replay ? " with replay" : "") +
                 (row.when == CutWhen::kWhileItWaits ? " waits" : " is sent into the cut"));
    TestProxy::Options options = options_with_two_members();
    options.failover.session_replay = row.session_replay;
    // What a dead member leaves unfinished is not charged.
    options.failover.retry_percent = 0;
    options.failover.retry_floor = 0;
    TestProxy proxy(options);
    Peer& client = client_of_the_first(proxy);
    Peer& kept = proxy.member(0).connection();
    proxy.member(1).answer = [](std::string_view) { return ok("second"); };
    if (row.when == CutWhen::kBeforeTheRequest) cut_off(kept.fd());
    client.send(bound(row.request));
    if (row.when == CutWhen::kWhileItWaits) {
      ASSERT_TRUE(proxy.run_until([&] { return message_bytes(kept.received()) != 0; }));
      cut_off(kept.fd());
    }
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(client.received().substr(9, 3), row.status);
    EXPECT_EQ(proxy.member(1).requests, row.status == std::string("200") ? 1u : 0u);
    // Nobody waits for another connection to it.
    EXPECT_EQ(proxy.member(0).accepted(), 1u);
    const auto& member = *proxy.cluster().routing().table().members()[0];
    EXPECT_EQ(member.back_off.last_failure(), routing::Failure::kUnreachable);
  }
}

TEST(Unreachable, AnIdleConnectionThatWasCutIsNotUsedAgain) {
  TestProxy proxy(options_with_two_members());
  Peer& client = client_of_the_first(proxy);
  cut_off(proxy.member(0).connection().fd());
  auto& member = *proxy.cluster().routing().table().members()[0];
  MemberConnections& connections = proxy.cluster().connections(member);
  ASSERT_TRUE(proxy.run_until([&] { return connections.idle_count() == 0; }));
  proxy.member(0).answer = [](std::string_view) { return ok("again"); };
  client.send(bound(kGet));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("again")) << client.received();
}

TEST(Unreachable, TheFirstConnectionThatIsNotAnsweredSpeaksForAllOthers) {
  TestProxy::Options options = options_with_two_members();
  options.connections.connect_timeout = seconds(2);
  TestProxy proxy(options);
  proxy.member(0).cut_off();
  proxy.member(1).answer = [](std::string_view) { return ok("second"); };
  const TimePoint began = proxy.loop().now();
  std::vector<Peer*> clients = {&proxy.connect()};
  clients.front()->send(bound(kGet));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.loop().now() >= began + seconds(1); }));
  for (const char* request : {kGet, kPost, kPost}) {
    clients.push_back(&proxy.connect());
    clients.back()->send(bound(request));
  }
  for (Peer* client : clients) {
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client->received()) != 0; }));
    EXPECT_TRUE(client->received().ends_with("second")) << client->received();
  }
  EXPECT_LT(proxy.loop().now(), began + seconds(3)) << "each has waited for itself";
  EXPECT_EQ(proxy.member(0).accepted(), 0u);
}

TEST(Unreachable, ItIsBelievedSoonerOfAMemberThatTakesNoConnection) {
  TestProxy::Options options = options_with_two_members();
  options.connections.unreachable_timeout = std::chrono::hours(1);
  options.connections.connect_timeout = seconds(1);
  TestProxy proxy(options);
  Peer& client = client_of_the_first(proxy);
  proxy.member(1).answer = [](std::string_view) { return ok("second"); };
  cut_off(proxy.member(0).connection().fd());
  proxy.member(0).cut_off();
  client.send(bound(kGet));
  Peer& other = proxy.connect();
  other.send(bound(kGet));  // over a connection of its own
  for (Peer* each : {&other, &client}) {
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(each->received()) != 0; }));
    EXPECT_TRUE(each->received().ends_with("second")) << each->received();
  }
}

TEST(Unreachable, AResponseThatHasBegunIsBrokenOff) {
  TestProxy proxy(options_with_two_members());
  Peer& client = client_of_the_first(proxy);
  Peer& kept = proxy.member(0).connection();
  client.send(bound(kGet));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(kept.received()) != 0; }));
  kept.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("half"); }));
  cut_off(kept.fd());
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(proxy.log().lines.back().failure, "response broken off");
}

TEST(Unreachable, OverHttp2EveryStreamOfTheConnectionGoesElsewhere) {
  for (const CutWhen when : {CutWhen::kWhileItWaits, CutWhen::kBeforeTheRequest}) {
    SCOPED_TRACE(when == CutWhen::kWhileItWaits ? "waiting" : "sent into the cut");
    TestProxy::Options options;
    options.connections.unreachable_timeout = kProbingMin;
    Http2MemberSite site(options);
    Peer& first = site.get("/0");
    ASSERT_TRUE(site.run_until_asked(1));
    const int fd = site.link().peer->fd();
    std::vector<Peer*> clients = {&first};
    if (when == CutWhen::kBeforeTheRequest) cut_off(fd);
    for (const char* path : {"/1", "/2"}) clients.push_back(&site.get(path));
    if (when == CutWhen::kWhileItWaits) {
      ASSERT_TRUE(site.run_until_asked(5));
      cut_off(fd);
    }
    // The only member is asked again, over another connection.
    ASSERT_TRUE(site.run_until([&] { return site.links() == 2; }));
    for (const uint32_t stream : {1u, 3u, 5u}) {
      ASSERT_TRUE(site.run_until([&] { return site.asked(stream, 1).ended; })) << stream;
      site.send(headers(stream, answer("200"), 0) + data(stream, "x", kEndStream), 1);
    }
    for (Peer* client : clients) EXPECT_TRUE(site.run_until_answered(*client));
  }
}

TEST(Unreachable, AMemberThatComputesForLongerIsNotBroken) {
  TestProxy proxy(options_with_two_members());
  Peer& client = client_of_the_first(proxy);
  Peer& kept = proxy.member(0).connection();
  client.send(bound(kGet));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(kept.received()) != 0; }));
  // It is probed every second.
  const auto before = segments_received(kept.fd());
  ASSERT_TRUE(proxy.run_until([&] { return segments_received(kept.fd()) >= before + 4; }));
  kept.send(ok("late"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("late")) << client.received();
  EXPECT_EQ(proxy.worker().counters.resends, 0u);
}

TEST(Unreachable, AMemberThatStopsReadingAnUploadIsNotBroken) {
  constexpr std::size_t kBodyBytes = 32 << 20;
  TestProxy proxy(options_with_two_members());
  Peer& client = client_of_the_first(proxy);
  Peer& kept = proxy.member(0).connection();
  kept.reads_by_itself = false;
  std::string rest = bound(
      "POST /r HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBodyBytes) + "\r\n\r\n");
  rest.append(kBodyBytes, 'b');
  const auto upload = [&] {
    rest.erase(0, client.send_some(std::string_view(rest).substr(0, 1 << 16)));
  };
  // Both its buffer and the proxy's are full; then until the questions for room are farther
  // apart than the timeout.
  for (const int silence_ms : {500, 4000, 7000}) {
    ASSERT_TRUE(proxy.run_until([&] {
      upload();
      return since_data(kept.fd()) >= std::chrono::milliseconds(silence_ms);
    }));
  }
  EXPECT_FALSE(rest.empty());
  kept.reads_by_itself = true;
  std::size_t got = 0;
  ASSERT_TRUE(proxy.run_until([&] {
    upload();
    got += kept.take().size();
    return got >= kBodyBytes;
  }));
  kept.send(ok("whole"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("whole")) << client.received();
  EXPECT_EQ(proxy.worker().counters.resends, 0u);
}

}  // namespace
}  // namespace understudy::test
