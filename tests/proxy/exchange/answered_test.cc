// SPDX-License-Identifier: Apache-2.0
// Understudy-Answered: which requests a member may forget, and when it is told.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "cookies/view_header.h"
#include "proxy/upstream/answered_requests.h"
#include "tests/cookies/test_keys.h"
#include "tests/proxy/support/http2_member_site.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

std::string line_of(std::string_view request, const std::string& name) {
  const std::size_t at = request.find(name + ": ");
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return std::string(request.substr(begin, request.find('\r', begin) - begin));
}

TestProxy::Options native(std::size_t members = 2) {
  TestProxy::Options options{.members = members};
  options.dialect = Dialect::kNative;
  options.keyring = ring();
  options.session_cookie = "UNDERSTUDY";
  return options;
}

// A view of which the proxy knows only the hash: the member speaks our contract.
constexpr const char* kSpeaks = "Understudy-View: 1111111111111111\r\n";

// A proxy of two members; the client is bound to the first as long as that one serves.
class Answered : public testing::Test {
 protected:
  explicit Answered(TestProxy::Options options = native()) : proxy(options) {
    for (std::size_t i = 0; i < 2; ++i) {
      proxy.member(i).answer = [this, i](std::string_view request) {
        ids[i].push_back(line_of(request, "Understudy-Request-Id"));
        told[i].push_back(line_of(request, "Understudy-Answered"));
        return ok(std::to_string(i), lines);
      };
    }
  }
  void learn_view(std::initializer_list<std::size_t> gone = {}, uint64_t version = 1,
                  uint32_t primary = 0) {
    ClusterView view{.cluster = std::string(kDefaultClusterName), .version = version};
    view.beat = std::chrono::hours(1);
    for (std::size_t i = 0; i < 2; ++i) {
      ViewEntry entry{.mid = static_cast<uint32_t>(100 + i), .name = "m" + std::to_string(i)};
      entry.address = proxy.member(i).address_text();
      if (std::find(gone.begin(), gone.end(), i) != gone.end()) entry.alive = AliveState::kDead;
      view.entries.push_back(entry);
    }
    lines = "Understudy-View: " + *ViewCodec(*ring(), kDefaultClusterName).encode(view) + "\r\n";
    ask("GET", primary);
    if (version > 1) return;
    for (auto* lists : {&ids, &told}) {
      for (auto& list : *lists) list.clear();
    }
  }
  // The client of a session.
  std::string request(std::string_view method = "GET", uint32_t primary = 0) {
    const AffinityCodec codec({.dialect = Dialect::kNative,
                               .keyring = ring(),
                               .cluster = std::string(kDefaultClusterName)});
    AffinityToken token;
    token.primary = 100 + primary;
    token.secondary = 101 - primary;
    return std::string(method) + " / HTTP/1.1\r\nHost: a\r\nCookie: UNDERSTUDY=" +
           std::string(codec.encode(token)->view()) + "\r\n\r\n";
  }
  void ask(std::string_view method = "GET", uint32_t primary = 0) {
    Peer& client = proxy.connect();
    client.send(request(method, primary));
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  }

  std::string lines = kSpeaks;
  std::array<std::vector<std::string>, 2> ids, told;
  TestProxy proxy;
};

TEST(AnsweredRequests, ComeBackInTheOrderInWhichTheyCameAndOnce) {
  AnsweredRequests answered;
  std::array<uint64_t, 4> out{};
  EXPECT_EQ(answered.take(out), 0u);
  uint64_t next = 1;
  uint64_t expected = 1;
  // The ring turns while it grows.
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 5; ++i) answered.add(next++);
    const std::size_t count = answered.take(out);
    ASSERT_EQ(count, 4u);
    for (const uint64_t id : out) ASSERT_EQ(id, expected++);
  }
  EXPECT_EQ(answered.size(), 100u);
}

TEST(AnsweredRequests, BeyondTheBoundTheOldestIsDropped) {
  AnsweredRequests answered;
  for (uint64_t id = 1; id <= kAnsweredRequestsMax; ++id) answered.add(id);
  std::array<uint64_t, 1> out{};
  EXPECT_EQ(answered.size(), kAnsweredRequestsMax);
  answered.add(1000);
  EXPECT_EQ(answered.size(), kAnsweredRequestsMax);
  EXPECT_EQ(answered.take(out), 1u);
  EXPECT_EQ(out[0], 2u);
}

TEST_F(Answered, IsTheRequestWhoseAnswerHasArrivedAndIsToldWithTheNextOneOnce) {
  learn_view();
  for (const char* method : {"GET", "POST", "DELETE", "GET"}) ask(method);
  ASSERT_EQ(ids[0].size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(told[0][i], ids[0][i - 1]);
}

TEST_F(Answered, AtMostFourAreToldAtOnceAndTheOthersLater) {
  learn_view();
  const auto answer = proxy.member(0).answer;
  proxy.member(0).answer = nullptr;
  std::vector<Peer*> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(&proxy.connect());
    clients.back()->send(request());
  }
  ASSERT_TRUE(proxy.run_until(
      [&] { return count_of(proxy.member(0).received(), "Understudy-Request-Id") == 6; }));
  proxy.member(0).answer = answer;
  ASSERT_TRUE(proxy.run_until([&] {
    return std::all_of(clients.begin(), clients.end(),
                       [](Peer* client) { return message_bytes(client->received()) != 0; });
  }));
  told[0].clear();
  for (int i = 0; i < 2; ++i) ask();
  EXPECT_EQ(told[0][0].size(), AnsweredText().size());
  EXPECT_EQ(told[0][1].size(), 3 * 16 + 2u) << "two of before, and the one between";
}

TEST_F(Answered, OnlyTheMemberThatHasAnsweredIsTold) {
  learn_view();
  ask();
  proxy.member(0).kill();
  ask();
  ASSERT_EQ(told[1].size(), 1u);
  EXPECT_EQ(told[1][0], "");
  ask();
  EXPECT_EQ(told[1][1], ids[1][0]);
}

TEST_F(Answered, WhatAMemberThatSendsNoViewHasAnsweredIsNotTold) {
  learn_view();
  lines = "";
  for (int i = 0; i < 2; ++i) ask();
  EXPECT_EQ(told[0].back(), "");
}

TEST_F(Answered, WhatAnswersOnlyInPartIsNotToldAsAnswered) {
  learn_view();
  const auto answer = proxy.member(0).answer;
  proxy.member(0).answer = nullptr;
  Peer& client = proxy.connect();
  client.send(request());
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member(0).received().empty(); }));
  proxy.member(0).connection().take();
  proxy.member(0).connection().send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + lines +
                                    "\r\nhalf");
  ASSERT_TRUE(proxy.run_until([&] { return !client.received().empty(); }));
  proxy.member(0).connection().close();
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  proxy.member(0).answer = answer;
  ask();
  EXPECT_EQ(told[0].back(), "");
}

// The first member is stopped, the view calls it dead, and when it goes on it may read what lies in
// its receive buffer.
TEST_F(Answered, WhatASilentMemberMayStillReadIsNotTold) {
  learn_view();
  proxy.member(0).answer = nullptr;
  Peer& client = proxy.connect();
  client.send(request());
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member(0).received().empty(); }));
  const std::string sent_twice = line_of(proxy.member(0).received(), "Understudy-Request-Id");
  learn_view({0}, 2, 1);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  ASSERT_EQ(ids[1].back(), sent_twice);
  for (int i = 0; i < 2; ++i) ask();
  EXPECT_NE(told[1].back().find(ids[1][ids[1].size() - 2]), std::string::npos);
  for (const std::string& list : told[1]) EXPECT_EQ(list.find(sent_twice), std::string::npos);
}

TEST_F(Answered, WhatAClientSaysOfAnsweredRequestsReachesNoMember) {
  learn_view();
  std::string seen;
  proxy.member(0).answer = [&](std::string_view request) {
    seen = request;
    return ok("0", lines);
  };
  Peer& client = proxy.connect();
  const std::string plain = request();
  client.send(plain.substr(0, plain.size() - 2) +
              "Understudy-Answered: 2222222222222222\r\nunderstudy_answered: 3\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(seen.find("22222222"), std::string::npos) << seen;
  EXPECT_EQ(count_of(seen, "nswered:"), 1u) << "that of the first request, of the proxy itself";
}

TEST(AnsweredOverHttp2, IsToldToo) {
  Http2MemberSite site(native(1));
  std::string answered;
  std::string first;
  for (const uint32_t stream : {1u, 3u}) {
    Peer& client = site.get();
    ASSERT_TRUE(site.run_until_asked(stream));
    for (const auto& [name, value] : site.asked(stream).request) {
      if (name == "understudy-answered") answered = value;
      if (name == "understudy-request-id" && stream == 1) first = value;
    }
    site.send(headers(stream, answer("200", {{"understudy-view", "1111111111111111"}})));
    ASSERT_TRUE(site.run_until_answered(client));
  }
  EXPECT_EQ(first.size(), kHex64Bytes);
  EXPECT_EQ(answered, first);
}

}  // namespace
}  // namespace understudy::test
