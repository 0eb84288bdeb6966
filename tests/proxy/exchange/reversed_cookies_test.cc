// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/reversed_cookies.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using Attribute = config::CookieRule::Attribute;

const std::vector<config::CookieRule> kRules = {
    {Attribute::kDomain, "inside.example", "shop.example"},
    {Attribute::kPath, "/app", "/shop"},
    {Attribute::kPath, "/root/", "/"},
    {Attribute::kPath, "/deep", "/"},
};

// Through a whole proxy: what a client gets for a member's Set-Cookie lines.
std::string seen(const std::string& lines, const std::vector<config::CookieRule>& rules = kRules) {
  TestProxy::Options options;
  options.adjust = [&](config::VirtualHost&, config::Location& location) {
    location.cookies = rules;
  };
  TestProxy proxy(options);
  proxy.member().answer = [&](std::string_view) { return ok("x", lines); };
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  std::string cookies;
  const std::string text = client.received();
  for (std::size_t at = text.find("Set-Cookie: "); at != text.npos;
       at = text.find("Set-Cookie: ", at + 1)) {
    cookies += text.substr(at + 12, text.find('\r', at) - at - 12) + "|";
  }
  return cookies;
}

TEST(ReversedCookies, DomainsAndPathsAreTurnedIntoThoseOfClients) {
  const struct {
    const char* of_member;
    const char* of_client;
  } kCases[] = {
      {"a=1; Domain=inside.example; Path=/app", "a=1; Domain=shop.example; Path=/shop"},
      {"a=1; domain=.Inside.EXAMPLE", "a=1; domain=shop.example"},
      {"a=1;Path=/app/cart;Secure", "a=1;Path=/shop;Secure"},
      {"a=1; path = /app ; HttpOnly", "a=1; path = /shop ; HttpOnly"},
      {"a=1; Path=/application", "a=1; Path=/application"},
      {"a=1; Path=/", "a=1; Path=/"},
      {"a=1; Path=/root/x", "a=1; Path=/"},
      {"a=1; Path=/deep/x", "a=1; Path=/"},
      {"a=1; Path=/deep", "a=1; Path=/"},
      {"a=1; Domain=other.example", "a=1; Domain=other.example"},
      {"a=1; Domain=sub.inside.example", "a=1; Domain=sub.inside.example"},
      {"a=Path=/app; Path=/app; Path=/app/2", "a=Path=/app; Path=/shop; Path=/shop"},
      {"Path=/app", "Path=/app"},
      {"a=1; Path", "a=1; Path"},
      {"a=1; Path=", "a=1; Path="},
      {"a=1;", "a=1;"},
      {"", ""},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.of_member);
    EXPECT_EQ(seen("Set-Cookie: " + std::string(one.of_member) + "\r\n"),
              std::string(one.of_client) + "|");
  }
}

TEST(ReversedCookies, EachLineIsChangedByItself) {
  EXPECT_EQ(seen("Set-Cookie: a=1; Path=/x\r\nSet-Cookie: b=2; Path=/app\r\n"
                 "Set-Cookie: c=3; Domain=inside.example\r\n"),
            "a=1; Path=/x|b=2; Path=/shop|c=3; Domain=shop.example|");
}

TEST(ReversedCookies, ARootIsTheBeginningOfAllPaths) {
  const std::vector<config::CookieRule> root = {{Attribute::kPath, "/", "/mirror/"}};
  EXPECT_EQ(seen("Set-Cookie: a=1; Path=/x\r\n", root), "a=1; Path=/mirror/|");
  EXPECT_EQ(seen("Set-Cookie: a=1; Path=/\r\n", root), "a=1; Path=/mirror/|");
  EXPECT_EQ(seen("Set-Cookie: a=1\r\n", root), "a=1|");
}

}  // namespace
}  // namespace understudy::test
