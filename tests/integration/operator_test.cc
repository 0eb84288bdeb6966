// SPDX-License-Identifier: Apache-2.0
// Members that operators hold back, and members that fail their health check, on real processes.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <set>
#include <string>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

std::string member_of(const loadtest::ClientResponse& response) {
  return parse_json(response.body)["member"].asString();
}

struct CommandResult {
  int status = -1;
  std::string said;
};

// What the program says and its exit status.
CommandResult understudy(Site& site, std::vector<std::string> words) {
  words.insert(words.begin(), program("understudy"));
  words.push_back("--admin");
  words.push_back(site.admin_address().to_string());
  Process process(words, site.directory() + "/command.log");
  const int status = process.wait_exit(std::chrono::seconds(20));
  return {status, process.log()};
}

std::map<std::string, int> shares(Site& site, int requests = 12) {
  std::map<std::string, int> counts;
  for (int i = 0; i < requests; ++i) ++counts[member_of(site.get("/value"))];
  return counts;
}

// A session at the member with this name: its cookie.
std::string session_at(Site& site, const std::string& name) {
  for (int i = 0; i < 10; ++i) {
    const auto response = site.post("/count");
    if (member_of(response) == name) return response.set_cookie(site.cookie_name());
  }
  ADD_FAILURE() << "no session came to " << name;
  return {};
}

TEST(Operator, DrainsDisablesAndEnablesAMember) {
  Site site;
  site.open();
  const std::string cookie = session_at(site, "a");

  const CommandResult drained = understudy(site, {"drain", "a", "--keep", "--deadline", "1h"});
  EXPECT_EQ(drained.status, 0) << drained.said;
  EXPECT_EQ(shares(site).count("a"), 0u) << "no new sessions";
  EXPECT_EQ(member_of(site.post("/count", cookie)), "a") << "its own stay";
  EXPECT_NE(understudy(site, {"members"}).said.find("\"disabled_in_seconds\""), std::string::npos);

  EXPECT_EQ(understudy(site, {"disable", "a"}).status, 0);
  EXPECT_EQ(shares(site).count("a"), 0u);

  EXPECT_EQ(understudy(site, {"enable", "a"}).status, 0);
  EXPECT_EQ(shares(site).count("a"), 1u);
}

struct Visitor {
  std::string cookie;
  uint64_t count = 0;
};

// One more click; nothing may be lost, restarted or done twice. The member that answered.
std::string click(Site& site, Visitor& visitor) {
  const auto response = site.post("/count", visitor.cookie);
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(parse_json(response.body)["count"].asUInt64(), ++visitor.count);
  const auto next = response.set_cookie(site.cookie_name());
  if (!next.empty()) visitor.cookie = next;
  return member_of(response);
}

// How many sessions a member says that it serves.
int sessions_of(Site& site, const std::string& name) {
  const auto response =
      site.fetch(site.member_address(name), "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string line = "understudy_sessions_primary ";
  const std::size_t at = response.body.find("\n" + line);
  return at == std::string::npos ? -1 : std::stoi(response.body.substr(at + 1 + line.size()));
}

// With SessionReplay Off, where a POST that may have had an effect is never sent again.
TEST(Operator, MovesSessionsOfALivingMemberAwayUnderLoad) {
  for (const std::string order : {"drain", "disable"}) {
    SCOPED_TRACE(order);
    Site site;
    site.open();
    std::vector<Visitor> visitors(30);
    std::map<std::string, int> before;
    for (Visitor& visitor : visitors) ++before[click(site, visitor)];
    ASSERT_GT(before["a"], 0);
    std::vector<std::string> words = {order, "a"};
    if (order == "drain") words.push_back("--move");
    EXPECT_EQ(understudy(site, words).status, 0);
    std::map<std::string, int> after;
    for (int round = 0; round < 4; ++round) {
      after.clear();
      for (Visitor& visitor : visitors) ++after[click(site, visitor)];
    }
    EXPECT_EQ(after.count("a"), 0u);
    EXPECT_EQ(sessions_of(site, "a"), 0);

    EXPECT_EQ(understudy(site, {"enable", "a"}).status, 0);
    EXPECT_EQ(shares(site).count("a"), 1u);
    Visitor fresh;
    fresh.cookie = session_at(site, "a");
    fresh.count = 1;
    for (int round = 0; round < 3; ++round) EXPECT_EQ(click(site, fresh), "a");
    for (Visitor& visitor : visitors) click(site, visitor);
  }
}

// Sessions that nobody uses while the member is drained go with the others.
TEST(Operator, MovesSessionsAwayThatNobodyUses) {
  Site site;
  site.open();
  std::vector<Visitor> visitors(12);
  for (Visitor& visitor : visitors) click(site, visitor);
  Visitor one{.cookie = session_at(site, "a"), .count = 1};
  EXPECT_GT(sessions_of(site, "a"), 1);
  EXPECT_EQ(understudy(site, {"drain", "a", "--move"}).status, 0);
  click(site, one);
  EXPECT_TRUE(site.wait_until([&] { return sessions_of(site, "a") == 0; }));
  for (Visitor& visitor : visitors) EXPECT_NE(click(site, visitor), "a");
}

TEST(Operator, OrdersOutliveAReload) {
  Site site;
  site.open();
  EXPECT_EQ(understudy(site, {"disable", "b"}).status, 0);
  EXPECT_EQ(understudy(site, {"reload"}).status, 0);
  EXPECT_EQ(shares(site).count("b"), 0u);
}

TEST(Operator, IsToldWhatIsWrongWithACommand) {
  Site site;
  site.open();
  const CommandResult unknown = understudy(site, {"drain", "zed"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.said.find("there is no member 'zed'; there are a, b, c"), std::string::npos)
      << unknown.said;
  EXPECT_EQ(understudy(site, {"drain", "a", "--deadline", "soon"}).status, 1);
  EXPECT_NE(understudy(site, {"drain", "a", "--keep", "--move"}).status, 0);
  EXPECT_NE(understudy(site, {"drain"}).status, 0);
}

TEST(HealthCheck, PassesOverASilentMemberForKnownAndNewClients) {
  Site site;
  ProxyOptions proxy;
  proxy.location = "  HealthCheck http path=/value interval=100ms timeout=80ms fall=2 rise=2\n";
  site.open({}, proxy);
  const std::string cookie = session_at(site, "a");
  const auto health_of_a = [&] {
    const Json::Value document = site.status();
    for (const auto& member : document["clusters"][0]["members"]) {
      if (member["name"].asString() == "a") return member["health"].asString();
    }
    return std::string();
  };
  ASSERT_TRUE(site.wait_until([&] { return health_of_a() == "working"; }));
  site.member("a").signal(SIGSTOP);
  ASSERT_TRUE(site.wait_until([&] { return health_of_a() == "failing"; }));
  EXPECT_EQ(shares(site).count("a"), 0u);
  const auto moved = site.post("/count", cookie);
  ASSERT_EQ(moved.status, 200) << moved.body;
  EXPECT_EQ(parse_json(moved.body)["count"].asUInt64(), 2u) << "the session is still there";
  EXPECT_NE(member_of(moved), "a");
  site.member("a").signal(SIGCONT);
  EXPECT_TRUE(site.wait_until([&] { return health_of_a() == "working"; }));
}

TEST(Operator, DescriptorsThatRunOutCostClientsTheirTurnAndNoMemberItsName) {
  Site site;
  site.add_member("a");
  site.start("a");
  constexpr std::size_t kClients = (600 - 256) / 2;
  site.start_proxy({.wrapper = {"/bin/sh", "-c", "ulimit -n 600 && exec \"$0\" \"$@\""}});
  EXPECT_NE(site.proxy().log().find("600 open files allow: 172 hold"), std::string::npos);

  // Each has its connection to the proxy, and a request that holds one to the member.
  std::vector<std::unique_ptr<loadtest::HttpClient>> clients;
  std::size_t answered = 0;
  const std::string request =
      loadtest::make_request({.target = "/value"}, site.proxy_address(), {});
  for (std::size_t i = 0; i < 2 * kClients; ++i) {
    clients.push_back(std::make_unique<loadtest::HttpClient>(site.loop(), site.proxy_address()));
    clients.back()->send(request, [&](const loadtest::ClientResponse& response) {
      EXPECT_EQ(response.status, 200);
      ++answered;
    });
  }
  ASSERT_TRUE(site.wait_until([&] { return answered >= kClients; }));
  // Those that came too late have their turn when others go.
  const std::size_t first = answered;
  EXPECT_LT(first, 2 * kClients);
  clients.erase(clients.begin(), clients.begin() + static_cast<std::ptrdiff_t>(kClients));
  ASSERT_TRUE(site.wait_until([&] { return answered == 2 * kClients; }));
  clients.clear();
  EXPECT_EQ(site.get("/value").status, 200);
  const Json::Value member = site.status()["clusters"][0]["members"][0];
  EXPECT_EQ(member["last_failure"].asString(), "none");
}

}  // namespace
}  // namespace understudy::testing
