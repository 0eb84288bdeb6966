// SPDX-License-Identifier: Apache-2.0
// Security bugs of other proxies that concern where a request goes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

// No spelling of a path means another location to the member than to us: it is forwarded as it came
// where it can mean nothing else, changed to the form that was matched, or refused.
TEST(SecurityBugs, CVE_2024_38473_ThePathThatIsMatchedIsThePathThatIsForwarded) {
  struct Row {
    const char* target;
    const char* forwarded;  // empty: refused
  };
  const Row rows[] = {
      {"/a/../b", "/b"},      {"/a/./b", "/a/b"},       {"/a//b", "/a//b"},  {"/a/%2e%2e/b", "/b"},
      {"/../b", ""},          {"/a%2f..%2fb", ""},      {"/a%5c..%5cb", ""}, {"/a%00b", ""},
      {"/a\\..\\b", ""},      {"/%2e%2e/%2e%2e/b", ""}, {"/a%", ""},         {"/a%zz", ""},
      {"/a;x/../b", nullptr},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.target);
    TestProxy proxy;
    std::string seen;
    proxy.member().answer = [&](std::string_view request) {
      seen = request.substr(4, request.find(' ', 4) - 4);
      return ok("x");
    };
    Peer& client = proxy.connect();
    client.send("GET " + std::string(row.target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    if (row.forwarded == nullptr) {
      // Servers differ in what ".." behind a parameter means: it never travels as it came.
      EXPECT_EQ(seen.find(".."), std::string::npos) << seen;
    } else if (*row.forwarded == '\0') {
      EXPECT_EQ(client.received()[9], '4') << client.received();
      EXPECT_EQ(seen, "");
    } else {
      EXPECT_EQ(seen, row.forwarded);
    }
  }
}

// httpd: parts of the URL chose the backend. Whatever a client names, the members are the
// configured ones.
TEST(SecurityBugs, CVE_2021_40438_NoUserBytesFormAnAddress) {
  TestProxy proxy;
  Member stranger;
  const std::string address = stranger.address_text();
  std::size_t answered = 0;
  proxy.member().answer = [](std::string_view) { return ok("member"); };
  const std::string rows[] = {
      "GET http://" + address + "/ HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
      "GET /?unix:/tmp/x|http://" + address + "/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: " + address + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: " + address + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nCookie: JSESSIONID=x." + address + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nCookie: JSESSIONID=x!" + address + "!NONE\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nUnderstudy-Route: " + address + "\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX-WebLogic-Cluster-List: 1!" + address + "\r\n\r\n",
      "GET //" + address + "/ HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const std::string& row : rows) {
    SCOPED_TRACE(row);
    Peer& client = proxy.connect();
    client.send(row);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    answered += client.received().ends_with("member") ? 1 : 0;
    stranger.pump();
    EXPECT_EQ(stranger.accepted(), 0u);
  }
  EXPECT_EQ(answered, std::size(rows));
}

// httpd: what was decoded went into the next request as it was.
TEST(SecurityBugs, CVE_2023_25690_NoEncodedLineEndIsEverDecodedIntoARequest) {
  for (const char* target :
       {"/a%0d%0aX-Injected:%20b", "/a%0aX", "/a%0dX", "/a%00X", "/a?b=%0d%0aX-Injected:%20c"}) {
    SCOPED_TRACE(target);
    TestProxy proxy;
    std::string seen;
    proxy.member().answer = [&](std::string_view request) {
      seen = request;
      return ok("x");
    };
    Peer& client = proxy.connect();
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(seen.find("\r\nX-Injected"), std::string::npos);
    EXPECT_EQ(seen.find('\0'), std::string::npos);
    if (!seen.empty()) {
      EXPECT_EQ(count_of(seen, "HTTP/1.1\r\n"), 1u);
    }
  }
}

// F5, oxy, Rancher: addresses in cookies, and cookies that pin a member.
TEST(SecurityBugs, CookieForge_NoCookieLeadsToANonMember) {
  TestProxy::Options options;
  options.members = 2;
  TestProxy proxy(options);
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [](std::string_view) { return ok("x"); };
  }
  SeededRandom random(7);
  for (int i = 0; i < 300; ++i) {
    std::string value;
    const std::size_t bytes = random.below(40);
    for (std::size_t j = 0; j < bytes; ++j) value += static_cast<char>(0x21 + random.below(94));
    Peer& client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: JSESSIONID=" + value + "\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 200 ")) << value;
    client.close();
  }
}

// Envoy: the state of an asynchronous call was used again in its second phase. Here each try of an
// exchange is one: it fails at once, again and again, and begins anew.
TEST(SecurityBugs, CVE_2026_26330_ATryThatFailsAtOnceLeavesNothingToTheNext) {
  TestProxy::Options options;
  options.members = 3;
  TestProxy proxy(options);
  for (std::size_t i = 0; i < 3; ++i) proxy.member(i).kill();
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    Peer& client = proxy.connect();
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(client.received().substr(9, 3), "503");
    // The last one is known when it went away in the middle of a pause, too.
    Peer& leaver = proxy.connect();
    leaver.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    proxy.run_a_little();
    leaver.reset();
    proxy.run_a_little();
  }
  proxy.member(1).restart();
  proxy.member(1).answer = [](std::string_view) { return ok("again"); };
  ASSERT_TRUE(proxy.run_until([&] {
    Peer& client = proxy.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    return client.received().ends_with("again");
  }));
}

}  // namespace
}  // namespace understudy::test
