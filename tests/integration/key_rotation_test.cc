// SPDX-License-Identifier: Apache-2.0
// The cluster's key is changed while three members and a proxy serve: installed, used, removed, one
// process after the other, with requests in between. No request fails and no session is lost.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

struct Visitor {
  std::string cookie;
  uint64_t count = 0;
};

// Each click is one more, whoever answers it.
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

class KeyRotation : public ::testing::Test {
 protected:
  KeyRotation() : visitors_(12) {
    for (const std::string& line : lines_of(read_file(key_file()))) {
      if (!line.starts_with('#')) old_ += line + "\n";
    }
  }

  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  std::string key_file() const { return site_.directory() + "/cluster.key"; }

  // As an operator does it: the file is whole at every moment.
  void write_keys(const std::string& text) const {
    const std::string next = key_file() + ".next";
    write_file(next, text);
    ASSERT_EQ(::chmod(next.c_str(), 0600), 0);
    std::filesystem::rename(next, key_file());
  }
  void click_all() {
    for (Visitor& visitor : visitors_) click(site_, visitor);
  }
  void click_until(const std::function<bool()>& done) {
    const TimePoint end = site_.loop().now() + loadtest::Installation::kPatience;
    do {
      ASSERT_LT(site_.loop().now(), end);
      click_all();
    } while (!done());
  }
  void reload_member(const std::string& name, const std::string& keys) {
    const std::string expected = "cluster keys " + keys + ", the first signs";
    site_.member(name).signal(SIGHUP);
    click_until([&] { return site_.member(name).log().find(expected) != std::string::npos; });
  }
  void reload_proxy() {
    Process reload({program("understudy"), "reload", "--admin", site_.admin_address().to_string()},
                   site_.directory() + "/reload.log");
    ASSERT_EQ(reload.wait_exit(std::chrono::seconds(30)), 0) << reload.log();
    click_all();
  }
  // One step on every machine. `keys`: the ids, in the order of the file.
  void take_step(const std::string& text, const std::string& keys, bool proxy_first) {
    SCOPED_TRACE(keys);
    write_keys(text);
    if (proxy_first) reload_proxy();
    for (const char* name : {"a", "b", "c"}) reload_member(name, keys);
    if (!proxy_first) reload_proxy();
  }
  void rotate() {
    click_all();
    take_step(old_ + new_, "1, 2", false);
    take_step(new_ + old_, "2, 1", true);
    click_all();
    take_step(new_, "2", false);
    click_all();
  }

  Site site_;
  std::vector<Visitor> visitors_;
  std::string old_;
  const std::string new_ = "2 " + std::string(64, 'b') + "\n";
};

TEST_F(KeyRotation, FailsNoRequestAndLosesNoSession) {
  site_.open();
  rotate();
  // What is made from now on is of the new key alone: a process that has no other joins, its links
  // to the others come to be, and sessions are taken over.
  site_.kill("a");
  for (Visitor& visitor : visitors_) EXPECT_NE(click(site_, visitor), "a");
  site_.start("a");
  click_until([&] {
    Visitor visitor;
    return click(site_, visitor) == "a";
  });
}

TEST_F(KeyRotation, IsTheSameForMembersInC) {
  site_.open({.program = "c_counter"});
  rotate();
}

// The proxy reads the same file, and says what is wrong with it.
TEST_F(KeyRotation, AWrongFileChangesNothing) {
  site_.open();
  click_all();
  write_keys("2 short\n");
  site_.member("a").signal(SIGHUP);
  click_until([&] { return site_.member("a").log().find("cluster.key:1: ") != std::string::npos; });
  Process reload({program("understudy"), "reload", "--admin", site_.admin_address().to_string()},
                 site_.directory() + "/reload.log");
  EXPECT_EQ(reload.wait_exit(std::chrono::seconds(30)), 1);
  EXPECT_NE(reload.log().find("cluster.key:1: "), std::string::npos) << reload.log();
  click_all();
}

}  // namespace
}  // namespace understudy::testing
