// SPDX-License-Identifier: Apache-2.0
// Views, routes and the contract between proxy and members, through real connections.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "cookies/view_header.h"
#include "tests/cookies/test_keys.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

// A cluster that speaks the native dialect; member i has mid 100 + i.
class NativeCluster : public testing::Test {
 protected:
  static constexpr uint32_t mid(std::size_t index) { return static_cast<uint32_t>(100 + index); }

  static TestProxy::Options options() {
    TestProxy::Options options{.members = 3};
    options.dialect = Dialect::kNative;
    options.keyring = ring();
    options.session_cookie = "UNDERSTUDY";
    return options;
  }

  // The view's text, with the members that are `gone` dead in it.
  std::string view(uint64_t version, std::initializer_list<std::size_t> gone = {},
                   uint64_t group = 0) {
    ClusterView view{
        .cluster = std::string(kDefaultClusterName), .version = version, .group = group};
    view.beat = milliseconds(20);
    for (std::size_t i = 0; i < 3; ++i) {
      ViewEntry entry{.mid = mid(i), .name = "m" + std::to_string(i)};
      entry.address = proxy.member(i).address_text();
      if (std::find(gone.begin(), gone.end(), i) != gone.end()) entry.alive = AliveState::kDead;
      view.entries.push_back(entry);
    }
    return *ViewCodec(*ring(), kDefaultClusterName).encode(view);
  }

  std::string cookie(std::size_t primary, std::size_t secondary) {
    const AffinityCodec codec({.dialect = Dialect::kNative,
                               .keyring = ring(),
                               .cluster = std::string(kDefaultClusterName)});
    AffinityToken token;
    token.primary = mid(primary);
    token.secondary = mid(secondary);
    return "Cookie: UNDERSTUDY=" + std::string(codec.encode(token)->view()) + "\r\n";
  }

  std::string get(std::string_view lines = {}) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
  }
  std::string post(std::string_view lines = {}) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n" + std::string(lines) + "\r\nbody";
  }

  // All members answer with their number; the first answer brings the view.
  void learn_view(uint64_t version = 1) {
    for (std::size_t i = 0; i < 3; ++i) {
      proxy.member(i).answer = [this, i, version](std::string_view) {
        return ok(std::to_string(i), "Understudy-View: " + view(version) + "\r\n");
      };
    }
    Peer& client = proxy.connect();
    client.send(get());
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    ASSERT_EQ(proxy.views_told, 1u);
  }

  static std::string misdirected_to(std::size_t index, std::string_view lines = {}) {
    const MidText route = format_mid(mid(index));
    return "HTTP/1.1 421 Misdirected Request\r\nUnderstudy-Route: " +
           std::string(route.data(), route.size()) + "\r\n" + std::string(lines) +
           "Content-Length: 0\r\n\r\n";
  }

  bool has_answer(const Peer& client) { return message_bytes(client.received()) != 0; }

  TestProxy proxy{options()};
};

TEST_F(NativeCluster, TheContractNeverReachesTheClient) {
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.member(i).answer = [this](std::string_view) {
      return ok("x", "Understudy-View: " + view(1) +
                         "\r\nunderstudy_session: solo\r\nUNDERSTUDY-ROUTE: abc\r\n");
    };
  }
  Peer& client = proxy.connect();
  client.send(get());
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  EXPECT_EQ(client.received(), ok("x"));
}

TEST_F(NativeCluster, TheMemberIsToldTheViewAndARequestIdAndNothingByTheClient) {
  learn_view();
  std::string seen;
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.member(i).answer = [&](std::string_view request) {
      seen = request;
      return ok("x");
    };
  }
  Peer& client = proxy.connect();
  client.send(
      get("Understudy-Request-Id: 1111111111111111\r\nunderstudy_failover: reset\r\n"
          "Connection: Understudy-View-Seen\r\n"));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  const Hex64 hash = proxy.cluster().routing().views().hash();
  EXPECT_NE(seen.find("Understudy-View-Seen: " + std::string(hash.data(), hash.size()) + "\r\n"),
            std::string::npos);
  EXPECT_EQ(count_of(seen, "Understudy-Request-Id: "), 1u);
  EXPECT_EQ(seen.find("1111111111111111"), std::string::npos);
  EXPECT_EQ(seen.find("ailover"), std::string::npos);
}

TEST_F(NativeCluster, AMemberIsLoggedByTheNameThatTheViewGivesIt) {
  learn_view();
  Peer& client = proxy.connect();
  client.send(get(cookie(0, 1)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  const routing::Member* member = proxy.cluster().routing().table().by_mid(mid(0));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.log().lines.size() == 2; }));
  EXPECT_EQ(proxy.log().lines.back().member, "m0");
  EXPECT_EQ(proxy.cluster().connections(*member).label(), "m0 (AAAAZA)");
}

TEST_F(NativeCluster, ACookieGoesToItsPrimaryAndIsNotVerifiedTwice) {
  learn_view();
  const std::string line = cookie(2, 0);
  Peer& client = proxy.connect();
  for (int i = 0; i < 5; ++i) {
    client.send(get(line));
    ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
    EXPECT_TRUE(client.take().ends_with("2"));
  }
  EXPECT_EQ(proxy.log().lines.back().why, "cookie-primary");
}

TEST_F(NativeCluster, ADeadPrimarysSessionGoesToTheSecondaryWithTheReasonAndTheSameId) {
  learn_view();
  std::string first;
  std::string second;
  proxy.member(2).answer = nullptr;
  proxy.member(0).answer = [&](std::string_view request) {
    second = request;
    return ok("0");
  };
  Peer& client = proxy.connect();
  client.send(get(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member(2).received().empty(); }));
  first = proxy.member(2).received();
  proxy.member(2).kill();
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  EXPECT_TRUE(client.received().ends_with("0"));
  // Reset first; then perhaps refused, when the connection was a reused one.
  EXPECT_NE(second.find("Understudy-Failover: re"), std::string::npos);
  const std::string id = first.substr(first.find("Understudy-Request-Id"), 39);
  EXPECT_NE(second.find(id), std::string::npos);
}

TEST_F(NativeCluster, AViewFreesThoseWhoWaitForADeadMemberAtOnce) {
  learn_view();
  proxy.member(2).answer = nullptr;
  Peer& waiting = proxy.connect();
  waiting.send(get(cookie(2, 0)));
  Peer& posting = proxy.connect();
  posting.send(post(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until(
      [&] { return count_of(proxy.member(2).received(), "Understudy-Request-Id") == 2; }));
  // Any answer of any other member brings the news.
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [this, i](std::string_view) {
      return ok(std::to_string(i), "Understudy-View: " + view(2, {2}) + "\r\n");
    };
  }
  Peer& other = proxy.connect();
  other.send(get(cookie(1, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(waiting) && has_answer(posting); }));
  EXPECT_TRUE(waiting.received().ends_with("0"));
  EXPECT_EQ(posting.received().substr(9, 3), "502") << "a POST that was sent is not repeated";
  EXPECT_EQ(proxy.worker().counters.view_drops, 2u);
}

TEST_F(NativeCluster, AWaitingProxyAsksForTheViewByItself) {
  learn_view();
  proxy.member(2).answer = nullptr;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [&, i](std::string_view request) {
      if (request.starts_with("GET /.understudy/view?wait=")) {
        ++asked;
        return ok(view(2, {2}));
      }
      return ok(std::to_string(i));
    };
  }
  Peer& waiting = proxy.connect();
  waiting.send(get(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(waiting); }));
  EXPECT_TRUE(waiting.received().ends_with("0"));
  EXPECT_EQ(asked, 1u);
  EXPECT_EQ(proxy.worker().counters.views_asked, 1u);
}

TEST_F(NativeCluster, A421IsFollowedToTheMemberThatItNames) {
  learn_view();
  proxy.member(2).answer = [&](std::string_view) { return misdirected_to(1); };
  std::string seen;
  proxy.member(1).answer = [&](std::string_view request) {
    seen = request;
    return ok("1");
  };
  Peer& client = proxy.connect();
  client.send(get(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  EXPECT_TRUE(client.received().ends_with("1"));
  EXPECT_NE(seen.find("Understudy-Failover: route\r\n"), std::string::npos);
}

TEST_F(NativeCluster, AMemberHearsHowLongARequestHasWaited) {
  learn_view();
  std::string first;
  proxy.member(2).answer = [&](std::string_view request) {
    first = request;
    const auto until = std::chrono::steady_clock::now() + milliseconds(3);
    while (std::chrono::steady_clock::now() < until) {
    }
    return misdirected_to(1);
  };
  std::string second;
  proxy.member(1).answer = [&](std::string_view request) {
    second = request;
    return ok("1");
  };
  // Twice: the second time on a connection that is there.
  for (std::size_t asked = 0; asked < 2; ++asked) {
    Peer& client = proxy.connect();
    client.send(get(cookie(2, 0) + "Understudy-Waited: 1000000\r\n"));
    ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  }
  EXPECT_EQ(first.find("Waited"), std::string::npos) << first;
  const std::string name = "Understudy-Waited: ";
  const std::size_t at = second.find(name);
  ASSERT_NE(at, std::string::npos) << second;
  const int waited = std::stoi(second.substr(at + name.size()));
  EXPECT_GE(waited, 3);
  EXPECT_LT(waited, 1000000);
}

TEST_F(NativeCluster, A503ThatIsForTheClientIsNotSentAnywhereElse) {
  learn_view();
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [](std::string_view) { return ok("elsewhere"); };
  }
  std::string session = "outdated";
  proxy.member(2).answer = [&](std::string_view) {
    return "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nUnderstudy-Session: " + session +
           "\r\nContent-Length: 0\r\n\r\n";
  };
  Peer& sent_back = proxy.connect();
  sent_back.send(get(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(sent_back); }));
  EXPECT_EQ(sent_back.received().substr(9, 3), "503");
  EXPECT_NE(sent_back.received().find("Retry-After: 1"), std::string::npos);
  EXPECT_EQ(sent_back.received().find("nderstudy-"), std::string::npos) << sent_back.received();
  EXPECT_EQ(proxy.worker().counters.resends, 0u);
  session = "solo";
  Peer& sent_on = proxy.connect();
  sent_on.send(get(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(sent_on); }));
  EXPECT_TRUE(sent_on.received().ends_with("elsewhere"));
}

TEST_F(NativeCluster, APostIsSentOnOnlyIfThe421SaysThatNoHandlerHasSeenIt) {
  const struct {
    const char* lines;
    bool is_sent_on;
  } kCases[] = {
      {"Understudy-Handled: no\r\n", true},
      {"understudy-handled: no\r\n", true},
      {"", false},
      {"Understudy-Handled: yes\r\n", false},
      {"Understudy-Handled: yes\r\nUnderstudy-Handled: no\r\n", false},
      {"X-Understudy-Handled: no\r\n", false},
  };
  learn_view();
  std::size_t asked = 0;
  proxy.member(1).answer = [&](std::string_view request) {
    ++asked;
    EXPECT_TRUE(request.ends_with("\r\n\r\nbody"));
    return ok("1");
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.lines);
    asked = 0;
    proxy.member(2).answer = [&](std::string_view) { return misdirected_to(1, one.lines); };
    Peer& client = proxy.connect();
    client.send(post(cookie(2, 0)));
    ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
    EXPECT_EQ(asked, one.is_sent_on ? 1u : 0u);
    EXPECT_EQ(client.received().substr(9, 3), one.is_sent_on ? "200" : "502");
  }
}

TEST_F(NativeCluster, WhatTheMembersSayOfHandlingNeverReachesAClient) {
  learn_view();
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.member(i).answer = [](std::string_view) {
      return ok("x", "Understudy-Handled: no\r\nunderstudy_handled: no\r\n");
    };
  }
  Peer& client = proxy.connect();
  client.send(get());
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  EXPECT_EQ(client.received().find("andled"), std::string::npos) << client.received();
}

TEST_F(NativeCluster, MembersThatSendEachOther421EndInAPage) {
  learn_view();
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.member(i).answer = [i](std::string_view) { return misdirected_to((i + 1) % 3); };
  }
  Peer& client = proxy.connect();
  client.send(get(cookie(2, 0)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  EXPECT_EQ(client.received().substr(9, 3), "503");
  EXPECT_LT(proxy.log().lines.back().tries, 64u);
}

TEST_F(NativeCluster, AViewOfAStrangerIsNotBelieved) {
  learn_view();
  proxy.member(0).answer = [this](std::string_view) {
    std::string forged = view(9, {1, 2});
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    return ok("0", "Understudy-View: " + forged + "\r\n");
  };
  Peer& client = proxy.connect();
  client.send(get(cookie(0, 1)));
  ASSERT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  EXPECT_EQ(proxy.views_told, 1u);
  EXPECT_EQ(proxy.cluster().routing().views().view()->version, 1u);
}

TEST_F(NativeCluster, AViewOfAnotherGroupMakesTheProxyAskTheOthersAndFollowOnlyTheMost) {
  learn_view();
  // The first speaks for a group alone, until the others do so too.
  bool do_all = false;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.member(i).answer = [&, i](std::string_view request) {
      const std::string text = i == 0 || do_all ? view(1, {}, 7) : view(1);
      if (request.starts_with("GET /.understudy/view?wait=0 ")) {
        ++asked;
        return ok(text);
      }
      return ok(std::to_string(i), "Understudy-View: " + text + "\r\n");
    };
  }
  const auto ask_the_first = [&] {
    Peer& client = proxy.connect();
    client.send(get(cookie(0, 1)));
    EXPECT_TRUE(proxy.run_until([&] { return has_answer(client); }));
  };
  const auto group = [&] { return proxy.cluster().routing().views().view()->group; };
  ASSERT_TRUE(proxy.run_until([&] {
    ask_the_first();
    return asked >= 3;
  }));
  EXPECT_EQ(group(), 0u);
  do_all = true;
  EXPECT_TRUE(proxy.run_until([&] {
    ask_the_first();
    return group() == 7;
  }));
}

TEST(RouteCookie, SticksToTheMemberWithThatRoute) {
  TestProxy proxy({.members = 3});
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.member(i).answer = [i](std::string_view) { return ok(std::to_string(i)); };
  }
  Peer& client = proxy.connect();
  for (int i = 0; i < 4; ++i) {
    client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: x=1; JSESSIONID=abc.m1\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_TRUE(client.take().ends_with("1"));
  }
  client.send("GET /p;jsessionid=abc.m2?q HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.take().ends_with("2"));
}

}  // namespace
}  // namespace understudy::test
