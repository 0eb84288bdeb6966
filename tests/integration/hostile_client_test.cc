// SPDX-License-Identifier: Apache-2.0
// What a client writes into its cookies and headers never gives it another's session.
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

using loadtest::ClientResponse;
using loadtest::HttpClient;
using loadtest::make_request;

constexpr std::string_view kCookieBytes =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!%=\"\\ ,\t~|/";

std::string mutate(const std::string& value, Random& random) {
  std::string out = value;
  const int edits = 1 + static_cast<int>(random.below(4));
  for (int i = 0; i < edits; ++i) {
    const char byte = kCookieBytes[random.below(kCookieBytes.size())];
    const size_t at = out.empty() ? 0 : random.below(out.size());
    switch (random.below(6)) {
      case 0:
        out.insert(at, 1, byte);
        break;
      case 1:
        if (!out.empty()) out.erase(at, 1 + random.below(8));
        break;
      case 2:
        out.resize(random.below(out.size() + 1));
        break;
      case 3:
        out += out.substr(at);
        break;
      case 4:
        if (out.size() > 1) std::swap(out[at], out[random.below(out.size())]);
        break;
      default:
        if (!out.empty()) out[at] = byte;
        break;
    }
    if (out.size() > 4000) out.resize(4000);
  }
  return out;
}

TEST(HostileClient, TenThousandMutatedCookiesNeverOpenAnothersSession) {
  const uint64_t seed = 20261122;
  SCOPED_TRACE("seed " + std::to_string(seed));
  SeededRandom random(seed);
  Site site;
  site.open();
  std::vector<std::string> values;
  std::map<std::string, std::string> owner;  // the exact cookie of each session
  for (int i = 0; i < 20; ++i) {
    const auto response = site.post("/count");
    ASSERT_EQ(response.status, 200);
    const std::string cookie = response.set_cookie(site.cookie_name());
    values.push_back(cookie.substr(cookie.find('=') + 1));
    owner[parse_json(response.body)["session"].asString()] = values.back();
  }
  HttpClient client(site.loop(), site.proxy_address());
  size_t answered = 0;
  size_t sent = 0;
  size_t refused = 0;
  constexpr size_t kAll = 10000;
  while (answered < kAll) {
    while (sent < kAll && sent - answered < 50) {
      ++sent;
      const std::string value = mutate(values[random.below(values.size())], random);
      client.send(make_request({.target = "/value"}, site.proxy_address(),
                               {"Cookie: a=b; " + site.cookie_name() + "=" + value + "; z=1"}),
                  [&, value](ClientResponse response) {
                    ++answered;
                    // A cookie that breaks the rules of HTTP may be refused, nothing else.
                    if (response.status == 400) {
                      ++refused;
                      return;
                    }
                    ASSERT_EQ(response.status, 200)
                        << value << ": " << response.error << response.body;
                    const auto session = parse_json(response.body)["session"].asString();
                    const auto found = owner.find(session);
                    if (found == owner.end()) return;
                    // Only the very same value opens it; quotes and blanks around are not part of
                    // it.
                    EXPECT_NE(value.find(found->second), std::string::npos)
                        << "'" << value << "' opened the session of '" << found->second << "'";
                  });
    }
    site.loop().run_once(std::chrono::milliseconds(50));
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
  }
  EXPECT_LT(refused, kAll / 2);
  EXPECT_TRUE(site.proxy().is_running());
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(site.member(name).is_running());
}

TEST(HostileClient, OverlongAndTruncatedCookiesGetANewSession) {
  Site site;
  site.open();
  const auto first = site.post("/count");
  const std::string cookie = first.set_cookie(site.cookie_name());
  for (const std::string& value :
       {cookie + std::string(3000, 'A'), cookie.substr(0, cookie.size() - 1),
        cookie.substr(0, site.cookie_name().size() + 1), cookie + "."}) {
    const auto response = site.post("/count", value);
    ASSERT_EQ(response.status, 200) << value;
    EXPECT_NE(parse_json(response.body)["session"], parse_json(first.body)["session"]);
    EXPECT_EQ(parse_json(response.body)["count"].asUInt64(), 1u);
  }
}

TEST(HostileClient, TheContractsHeadersFromAClientChangeNothing) {
  Site site;
  site.open({}, {.location = "  SessionReplay On\n"});
  const auto first = site.post("/count");
  const std::string cookie = first.set_cookie(site.cookie_name());
  const std::string session = parse_json(first.body)["session"].asString();
  const std::string member = parse_json(first.body)["member"].asString();
  const auto before = site.alive_in_view();
  const std::vector<std::vector<std::string>> attacks = {
      // The same request id twice would be answered from the ring, did it get through.
      {"Understudy-Request-Id: 00000000000000aa"},
      {"understudy-request-id: 00000000000000aa"},
      {"UNDERSTUDY_REQUEST_ID: 00000000000000aa"},
      {"Understudy-Failover: refused"},
      {"understudy_failover: refused"},
      {"Understudy-View: 0000000000000001;x"},
      {"Understudy-View-Seen: 0000000000000001"},
      {"Understudy-Route: 1", "Understudy-Session: lost"},
      {"Connection: Understudy-Request-Id, Understudy-View-Seen, Understudy-Failover"},
      {"Connection: keep-alive, understudy-view-seen", "X-WebLogic-Cluster-List: 1!evil!80!-1"},
      {"X_WebLogic_Cluster_Hash: AAAAAAAAAAAAAAAAAAAAAAAAAAA", "WL-Proxy-Client-IP: 1.2.3.4"},
  };
  uint64_t count = 1;
  for (const auto& attack : attacks) {
    for (int twice = 0; twice < 2; ++twice) {
      SCOPED_TRACE(attack[0]);
      auto lines = attack;
      lines.push_back("Cookie: " + cookie);
      const auto response = site.fetch(
          site.proxy_address(),
          make_request({.method = "POST", .target = "/count"}, site.proxy_address(), lines));
      ASSERT_EQ(response.status, 200) << response.body;
      const Json::Value answer = parse_json(response.body);
      EXPECT_EQ(answer["count"].asUInt64(), ++count);
      EXPECT_EQ(answer["session"].asString(), session);
      EXPECT_EQ(answer["member"].asString(), member);
      EXPECT_FALSE(answer["replayed"].asBool());
    }
  }
  EXPECT_EQ(site.alive_in_view(), before);
}

}  // namespace
}  // namespace understudy::testing
