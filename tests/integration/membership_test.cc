// SPDX-License-Identifier: Apache-2.0
// The proxy is told one address and learns the rest; nobody maintains a list.
#include <gtest/gtest.h>
#include <signal.h>

#include <set>

#include "base/socket.h"
#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

std::set<std::string> members_reached(Site& site, int requests) {
  std::set<std::string> names;
  for (int i = 0; i < requests; ++i) {
    names.insert(parse_json(site.get("/value").body)["member"].asString());
  }
  return names;
}

TEST(Membership, OneConfiguredMemberIsEnoughToKnowAllAfterOneResponse) {
  Site site;
  for (const char* name : {"a", "b", "c"}) site.add_member(name);
  for (const char* name : {"a", "b", "c"}) site.start(name);
  // When the start was rough there may be earlier lives in the view as well: they are dead.
  ASSERT_TRUE(site.wait_until([&] { return site.member_sees("b", {"a", "b", "c"}); }));
  site.start_proxy({.seeds = {"b"}});
  EXPECT_EQ(site.get("/size/1").status, 200);
  EXPECT_EQ(site.alive_in_view(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(members_reached(site, 3), (std::set<std::string>{"a", "b", "c"}));
}

TEST(Membership, AFourthMemberGetsNewSessionsWithoutReload) {
  Site site;
  site.open();
  site.add_member("d");
  site.start("d");
  ASSERT_TRUE(site.wait_for_view({"a", "b", "c", "d"}));
  EXPECT_EQ(members_reached(site, 4), (std::set<std::string>{"a", "b", "c", "d"}));
}

TEST(Membership, AStoppedMemberLeavesTheViewAndIsNotConnectedToAgain) {
  Site site;
  site.open();
  auto first = site.post("/count");
  const std::string cookie = first.set_cookie(site.cookie_name());
  const std::string stopped = parse_json(first.body)["member"].asString();
  site.member(stopped).signal(SIGTERM);
  ASSERT_EQ(site.member(stopped).wait_exit(std::chrono::seconds(30)), 0)
      << site.member(stopped).log();
  ASSERT_TRUE(site.wait_until([&] {
    site.get("/size/1");
    return site.alive_in_view().size() == 2;
  }));
  // Whoever connects to its port now is noticed.
  auto listener = listen_tcp(site.member_address(stopped), {});
  ASSERT_TRUE(listener) << listener.error().detail;
  for (int i = 0; i < 30; ++i) EXPECT_EQ(site.get("/value").status, 200);
  const auto response = site.post("/count", cookie);
  EXPECT_EQ(parse_json(response.body)["count"].asUInt64(), 2u) << response.body;
  auto nobody = accept_tcp(*listener);
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(nobody->fd) << "the proxy connected to a member that left";
}

TEST(Membership, AStaticListIsUsedAsItIs) {
  Site site;
  site.open({}, {.seeds = {"a", "b"}, .dynamic = false});
  EXPECT_EQ(members_reached(site, 10), (std::set<std::string>{"a", "b"}));
  site.kill("a");
  // The dead one is skipped for MaxSkipTime; nobody sees an error page.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(site.get("/value").status, 200);
}

}  // namespace
}  // namespace understudy::testing
