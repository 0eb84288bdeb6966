// SPDX-License-Identifier: Apache-2.0
// Who gets which request while nothing fails.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

std::string member_of(const loadtest::ClientResponse& response) {
  return parse_json(response.body)["member"].asString();
}

TEST(Affinity, ClientsWithoutCookieGoRoundInOrder) {
  Site site;
  site.open();
  constexpr size_t kRounds = 100;
  std::vector<std::string> order;
  std::map<std::string, size_t> share;
  for (size_t i = 0; i < 3 * kRounds; ++i) {
    order.push_back(member_of(site.get("/value")));
    ++share[order.back()];
  }
  EXPECT_EQ(std::set<std::string>(order.begin(), order.begin() + 3),
            (std::set<std::string>{"a", "b", "c"}));
  for (size_t i = 3; i < order.size(); ++i) ASSERT_EQ(order[i], order[i - 3]) << "request " << i;
  for (const auto& [name, count] : share) EXPECT_EQ(count, kRounds) << name;
}

TEST(Affinity, OneCookieMeetsOneMemberAThousandTimes) {
  Site site;
  site.open();
  const auto first = site.post("/count");
  ASSERT_EQ(first.status, 200) << first.body;
  const std::string cookie = first.set_cookie(site.cookie_name());
  ASSERT_FALSE(cookie.empty());
  for (uint64_t i = 2; i <= 1001; ++i) {
    const auto response = i % 2 == 0 ? site.get("/count", cookie) : site.post("/count", cookie);
    ASSERT_EQ(response.status, 200) << response.body;
    ASSERT_EQ(member_of(response), member_of(first));
    ASSERT_EQ(parse_json(response.body)["count"].asUInt64(), i);
    ASSERT_EQ(response.set_cookie(site.cookie_name()), "") << "nothing moved";
  }
}

TEST(Affinity, NothingOfTheContractReachesTheClient) {
  Site site;
  site.open();
  for (const char* target : {"/value", "/count", "/size/10", "/nowhere"}) {
    const auto response = site.get(target);
    for (const auto& [name, value] : response.headers) {
      EXPECT_FALSE(name.starts_with("understudy-")) << target << ": " << name << ": " << value;
    }
  }
}

TEST(Affinity, LogoutEndsTheSessionEverywhere) {
  Site site;
  site.open();
  const auto first = site.post("/count");
  const std::string cookie = first.set_cookie(site.cookie_name());
  EXPECT_EQ(site.post("/logout", cookie).status, 200);
  site.kill(member_of(first));
  // Neither the primary nor, after its death, the secondary knows it any more.
  const auto after = site.post("/count", cookie);
  ASSERT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(parse_json(after.body)["count"].asUInt64(), 1u);
  EXPECT_NE(parse_json(after.body)["session"], parse_json(first.body)["session"]);
}

}  // namespace
}  // namespace understudy::testing
