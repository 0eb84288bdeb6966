// SPDX-License-Identifier: Apache-2.0
// Where a dead member's load goes: to many members, not to one. Four members, one fails; nobody of
// the rest gets more than a third and five hundredths.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "cookies/affinity.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::size_t kMembers = 4;
constexpr std::size_t kSessions = 1200;
constexpr double kShareMax = 1.0 / 3 + 0.05;

struct Spread {
  explicit Spread(TestProxy& proxy) : proxy(proxy) {
    for (std::size_t i = 0; i < kMembers; ++i) {
      proxy.member(i).answer = [](std::string_view) { return ok("x"); };
    }
  }
  // One request of this session; its status.
  int ask(Peer& client, const std::string& cookie) {
    client.take();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n" +
                (cookie.empty() ? "" : "Cookie: JSESSIONID=" + cookie + "\r\n") + "\r\n");
    if (!proxy.run_until([&] { return message_bytes(client.received()) != 0; })) return 0;
    return std::stoi(client.received().substr(9, 3));
  }
  // The largest part of `requests` that one of the living members got since `before`.
  double largest_share(const std::vector<std::size_t>& before, std::size_t dead) const {
    std::size_t most = 0;
    std::size_t all = 0;
    for (std::size_t i = 0; i < kMembers; ++i) {
      if (i == dead) continue;
      const std::size_t got = proxy.member(i).requests - before[i];
      most = std::max(most, got);
      all += got;
    }
    return static_cast<double>(most) / static_cast<double>(all);
  }
  std::vector<std::size_t> requests() const {
    std::vector<std::size_t> counts;
    for (std::size_t i = 0; i < kMembers; ++i) counts.push_back(proxy.member(i).requests);
    return counts;
  }
  TestProxy& proxy;
};

TEST(Spread, OfSessionsWithSecondariesOfTheirOwn) {
  const std::vector<std::uint8_t> bytes(kKeyBytesMin, 7);
  const Keyring::NamedKey key{.id = 'k', .bytes = bytes};
  TestProxy::Options options{.members = kMembers, .dialect = Dialect::kNative};
  options.keyring = Keyring::from_keys({&key, 1}).keyring;
  options.connections.skip_time = std::chrono::seconds(60);
  TestProxy proxy(options);
  Spread spread(proxy);
  routing::MemberTable& table = proxy.cluster().routing().table();
  for (std::size_t i = 0; i < kMembers; ++i) {
    table.learn_mid(*table.by_address(proxy.member(i).address_text()),
                    static_cast<std::uint32_t>(i + 1));
  }
  // As the SDK places them: every session has a primary, and a secondary by its own rank.
  SeededRandom random(11);
  const AffinityCodec& codec = proxy.cluster().routing().codec();
  std::vector<std::string> cookies;
  for (std::size_t i = 0; i < kSessions; ++i) {
    AffinityToken token;
    token.primary = static_cast<std::uint32_t>(1 + i % kMembers);
    token.secondary =
        static_cast<std::uint32_t>(1 + (i + 1 + random.below(kMembers - 1)) % kMembers);
    random.fill(token.sid);
    cookies.emplace_back(codec.encode(token)->view());
  }
  proxy.member(0).kill();
  const auto before = spread.requests();
  Peer& client = proxy.connect();
  for (std::size_t i = 0; i < kSessions; i += kMembers) {
    ASSERT_EQ(spread.ask(client, cookies[i]), 200);
  }
  EXPECT_LE(spread.largest_share(before, 0), kShareMax) << "of the dead member's sessions";
  for (const std::string& cookie : cookies) ASSERT_EQ(spread.ask(client, cookie), 200);
  EXPECT_LE(spread.largest_share(before, 0), kShareMax) << "of all";
}

TEST(Spread, OfSessionsOfPlainMembers) {
  for (const config::MethodName method :
       {config::MethodName::kRoundRobin, config::MethodName::kLeastBusy,
        config::MethodName::kRandomTwo}) {
    SCOPED_TRACE(static_cast<int>(method));
    TestProxy::Options options{.members = kMembers};
    options.balancing.method = method;
    options.connections.skip_time = std::chrono::seconds(60);
    TestProxy proxy(options);
    Spread spread(proxy);
    proxy.member(2).kill();
    const auto before = spread.requests();
    Peer& client = proxy.connect();
    for (std::size_t i = 0; i < kSessions; ++i) {
      const std::string cookie = "s" + std::to_string(i) + ".m" + std::to_string(i % kMembers);
      ASSERT_EQ(spread.ask(client, cookie), 200);
    }
    EXPECT_LE(spread.largest_share(before, 2), kShareMax);
  }
}

TEST(Spread, OfClientsWithoutASession) {
  TestProxy::Options options{.members = kMembers};
  options.connections.skip_time = std::chrono::seconds(60);
  TestProxy proxy(options);
  Spread spread(proxy);
  proxy.member(3).kill();
  Peer& client = proxy.connect();
  for (std::size_t i = 0; i < kSessions; ++i) ASSERT_EQ(spread.ask(client, ""), 200);
  EXPECT_LE(spread.largest_share(std::vector<std::size_t>(kMembers, 0), 3), kShareMax);
}

}  // namespace
}  // namespace understudy::test
