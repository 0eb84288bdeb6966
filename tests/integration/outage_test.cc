// SPDX-License-Identifier: Apache-2.0
// Nobody is there, and then somebody is again.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

using loadtest::make_request;

constexpr const char* kShortRetries =
    "  ConnectTimeoutSecs 2\n  ConnectRetrySecs 1\n  IOTimeoutSecs 10\n";

TEST(Outage, AllMembersDownIsA503AfterTheConfiguredTimeAndRecoversWithoutRestart) {
  Site site;
  site.open({}, {.location = kShortRetries});
  for (const char* name : {"a", "b", "c"}) site.kill(name);
  const TimePoint begin = SystemClock().now();
  const auto response = site.get("/value");
  const Duration took = SystemClock().now() - begin;
  EXPECT_EQ(response.status, 503);
  EXPECT_GE(took, std::chrono::milliseconds(900));
  EXPECT_LE(took, std::chrono::seconds(10));
  EXPECT_NE(response.body.find("<h1>"), std::string::npos) << response.body;
  EXPECT_NE(site.proxy().log().find("timed out after"), std::string::npos);

  site.start("b");
  EXPECT_TRUE(site.wait_until([&] { return site.get("/value").status == 200; }));
}

// The three causes of facts 2.1: each has words of its own in the log.
TEST(Outage, TheLogTellsTheThreeCausesApart) {
  const struct {
    const char* location;
    const char* method;
    const char* words;
  } cases[] = {
      {"  Idempotent Off\n", "GET", "Idempotent is Off"},
      {"  Idempotent On\n", "POST", "not idempotent"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.words);
    Site site;
    site.open({}, {.location = std::string(c.location) + kShortRetries});
    // A request is under way at every member when they all die.
    for (const char* name : {"a", "b", "c"}) site.member(name).signal(SIGSTOP);
    loadtest::HttpClient client(site.loop(), site.proxy_address());
    constexpr size_t kRequests = 3;
    size_t failed = 0;
    for (size_t i = 0; i < kRequests; ++i) {
      client.send(make_request({.method = c.method, .target = "/value"}, site.proxy_address()),
                  [&](loadtest::ClientResponse response) { failed += response.status >= 500; });
    }
    ASSERT_TRUE(site.wait_until([&] { return site.in_flight() == kRequests; }));
    for (const char* name : {"a", "b", "c"}) site.kill(name);
    ASSERT_TRUE(site.wait_until([&] { return failed == kRequests; }));
    EXPECT_NE(site.proxy().log().find(c.words), std::string::npos) << site.proxy().log();
  }
}

TEST(Outage, TheProxyStopsGracefullyOnSigterm) {
  Site site;
  site.open();
  loadtest::HttpClient client(site.loop(), site.proxy_address());
  int status = 0;
  client.send(make_request({.target = "/slow/500"}, site.proxy_address()),
              [&](loadtest::ClientResponse response) { status = response.status; });
  ASSERT_TRUE(site.wait_until([&] { return site.in_flight() == 1; }));
  site.proxy().signal(SIGTERM);
  // What was begun is finished; what is new is not accepted.
  ASSERT_TRUE(site.wait_until([&] { return status != 0; }));
  EXPECT_EQ(status, 200);
  EXPECT_EQ(site.proxy().wait_exit(std::chrono::seconds(10)), 0);
  EXPECT_EQ(site.get("/value").status, 0);
}

}  // namespace
}  // namespace understudy::testing
