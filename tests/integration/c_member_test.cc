// SPDX-License-Identifier: Apache-2.0
// Members written in C behind the real proxy: sessions survive the death of their primary and an
// orderly stop, whatever language the handlers are in.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <string>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

struct Visitor {
  std::string cookie;
  uint64_t count = 0;
};

std::string click(Site& site, Visitor& visitor) {
  const auto response = site.post("/count", visitor.cookie);
  EXPECT_EQ(response.status, 200) << response.body;
  const Json::Value said = parse_json(response.body);
  EXPECT_EQ(said["count"].asUInt64(), ++visitor.count) << response.body;
  EXPECT_FALSE(said["replayed"].asBool());
  const auto next = response.set_cookie(site.cookie_name());
  if (!next.empty()) visitor.cookie = next;
  return said["member"].asString();
}

TEST(CMember, CountsOnThroughTheDeathOfThePrimary) {
  Site site;
  site.open({.program = "c_counter"}, {.location = "  SessionReplay On\n"});
  std::vector<Visitor> visitors(12);
  std::map<std::string, int> shares;
  for (Visitor& visitor : visitors) ++shares[click(site, visitor)];
  EXPECT_EQ(shares.size(), 3u);
  site.kill("a");
  for (int round = 0; round < 3; ++round) {
    for (Visitor& visitor : visitors) EXPECT_NE(click(site, visitor), "a");
  }
}

TEST(CMember, HandsItsSessionsOverWhenItIsStopped) {
  Site site;
  site.open({.program = "c_counter"});
  std::vector<Visitor> visitors(12);
  for (Visitor& visitor : visitors) click(site, visitor);
  site.member("a").signal(SIGTERM);
  EXPECT_EQ(site.member("a").wait_exit(std::chrono::seconds(40)), 0);
  for (Visitor& visitor : visitors) EXPECT_NE(click(site, visitor), "a");
}

TEST(CMember, SaysWhatIsWrongWithItsConfiguration) {
  Site site;
  write_file(site.directory() + "/bad.conf", "MemberName a\nListen nowhere\n");
  Process process({program("c_counter"), "-c", site.directory() + "/bad.conf"},
                  site.directory() + "/bad.log");
  EXPECT_EQ(process.wait_exit(std::chrono::seconds(20)), 1);
  EXPECT_NE(process.log().find("bad.conf:2:8: error:"), std::string::npos) << process.log();
}

}  // namespace
}  // namespace understudy::testing
