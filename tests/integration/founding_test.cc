// SPDX-License-Identifier: Apache-2.0
// A member that only foreign processes answer founds no cluster of its own (PROTOCOL J6): it is not
// ready and says why, the cluster that runs is untouched, and it joins once the fault is repaired.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

class Founding : public ::testing::Test {
 protected:
  // A process reads it at its start and on SIGHUP.
  void write_key(const std::string& text) {
    const std::string path = site.directory() + "/cluster.key";
    write_file(path + ".next", text);
    ASSERT_EQ(::chmod((path + ".next").c_str(), 0600), 0);
    std::filesystem::rename(path + ".next", path);
  }
  std::string key() { return read_file(site.directory() + "/cluster.key"); }
  bool is_logged(const std::string& member, const std::string& text) {
    return site.member(member).log().find(text) != std::string::npos;
  }
  int status_at(const std::string& member) {
    return site.fetch(site.member_address(member), "GET /value HTTP/1.1\r\nHost: x\r\n\r\n").status;
  }
  // Each click is one more.
  void click() {
    const auto response = site.post("/count", cookie_);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(parse_json(response.body)["count"].asUInt64(), ++count_) << response.body;
    const auto next = response.set_cookie(site.cookie_name());
    if (!next.empty()) cookie_ = next;
  }

  Site site;
  const std::string other_key = "9 " + std::string(64, 'e') + "\n";

 private:
  std::string cookie_;
  uint64_t count_ = 0;
};

TEST_F(Founding, AMemberWithAnotherKeyIsNotReadyUntilThatIsRepaired) {
  site.open();
  click();
  const std::string right = key();
  write_key(other_key);
  site.add_member("d", {.heartbeat = "20ms"});
  site.start("d");
  ASSERT_TRUE(site.wait_until([&] { return is_logged("d", "d is in no cluster, and asks on: "); }))
      << site.member("d").log();
  EXPECT_TRUE(is_logged("d", site.cluster_address("a").to_string() + " refuses our cluster key"));
  EXPECT_TRUE(is_logged("d", "FoundAlone On"));
  EXPECT_EQ(status_at("d"), 503);
  // Longer than the patience with those that are silent, which is ten beats.
  const TimePoint end = site.loop().now() + 25 * std::chrono::milliseconds(20);
  ASSERT_TRUE(site.wait_until([&] { return site.loop().now() >= end; }));
  EXPECT_FALSE(is_logged("d", "starts group"));
  EXPECT_EQ(status_at("d"), 503);
  click();
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(site.member_sees(name, {"a", "b", "c"}));

  write_key(right);
  site.member("d").signal(SIGHUP);
  EXPECT_TRUE(site.wait_for_view({"a", "b", "c", "d"})) << site.member("d").log();
  click();
}

TEST_F(Founding, FoundAloneStartsAClusterAllTheSame) {
  site.open();
  write_key(other_key);
  site.add_member("d", {.extra = "FoundAlone On\n"});
  site.start("d");
  ASSERT_TRUE(site.wait_until([&] { return is_logged("d", "starts group"); }))
      << site.member("d").log();
  EXPECT_TRUE(site.wait_until([&] { return status_at("d") == 200; }));
  click();
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(site.member_sees(name, {"a", "b", "c"}));
}

// The port of its HTTP in place of that of the cluster: a mistake that is soon made.
TEST_F(Founding, APortOfHttpIsNamedAsSuch) {
  site.open();
  site.add_member("d");
  const std::string path = site.directory() + "/astray.conf";
  write_file(path, "MemberName d\nMachine m\nListen " + site.member_address("d").to_string() +
                       "\nClusterListen " + site.cluster_address("d").to_string() +
                       "\nClusterMembers " + site.member_address("a").to_string() +
                       "\nHeartbeatInterval 200ms\nClusterKeyFile cluster.key\n");
  Process astray({program("counter"), "-c", path}, site.directory() + "/astray.log");
  EXPECT_TRUE(site.wait_until([&] {
    return astray.log().find(site.member_address("a").to_string() +
                             " does not speak the protocol of members") != std::string::npos;
  })) << astray.log();
  EXPECT_EQ(status_at("d"), 503);
  click();
}

}  // namespace
}  // namespace understudy::testing
